#pragma once

#include <string>
#include <vector>

namespace seam {

// The parts of `text` between its commas, as they stand: always one more than there are commas, and any may
// be empty.
std::vector<std::string> SplitAtCommas(const std::string& text);

}  // namespace seam
