#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam spectrum explain`: returns the exit status.
int SpectrumExplain(const std::vector<std::string>& arguments);

}  // namespace seam
