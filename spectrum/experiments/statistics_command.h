#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam spectrum statistics`: the mean spectra of sets of pictures, as pictures and one page.
int SpectrumStatisticsCommand(const std::vector<std::string>& arguments);

}  // namespace seam
