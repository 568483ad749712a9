#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam spectrum convert`: returns the exit status.
int SpectrumConvert(const std::vector<std::string>& arguments);

}  // namespace seam
