#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam spectrum perturb`: returns the exit status.
int SpectrumPerturb(const std::vector<std::string>& arguments);

}  // namespace seam
