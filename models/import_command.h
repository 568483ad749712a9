#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam models import`: weights of other libraries become a checkpoint.
int ImportModel(const std::vector<std::string>& arguments);

}  // namespace seam
