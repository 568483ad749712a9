#pragma once

#include <string>
#include <vector>

namespace seam {

// The parts of `text` between its commas, as they stand: always one more than there are commas, and any may
// be empty.
std::vector<std::string> SplitAtCommas(const std::string& text);

// The paths in the value of an option that takes one or several with commas between them: the whole where
// that is there, since a path may have commas of its own, else its parts.
std::vector<std::string> SplitPaths(const std::string& text);

}  // namespace seam
