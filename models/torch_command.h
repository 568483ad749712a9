#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam models torch`: what LibTorch can do on this machine.
int ShowTorch(const std::vector<std::string>& arguments);

}  // namespace seam
