#pragma once

#include <string>

namespace seam {

// The text with A to Z as a to z; bytes beyond ASCII stay.
std::string LowerCase(std::string text);

}  // namespace seam
