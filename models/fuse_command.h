#pragma once

#include <string>
#include <vector>

namespace seam {

// seam models fuse: docs/models.md. Returns the exit status.
int FuseModels(const std::vector<std::string>& arguments);

}  // namespace seam
