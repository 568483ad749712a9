#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam models show FILE`: what a checkpoint says of itself.
int ShowModel(const std::vector<std::string>& arguments);

}  // namespace seam
