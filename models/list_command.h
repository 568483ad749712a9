#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam models list`: every network of the registry with its parameters, multiply-adds, input and paper.
int ListModels(const std::vector<std::string>& arguments);

}  // namespace seam
