#pragma once

#include <string>
#include <vector>

namespace seam {

// seam models export: docs/export.md. Returns the exit status.
int ExportModel(const std::vector<std::string>& arguments);

}  // namespace seam
