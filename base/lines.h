#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace seam {

// A line of a text file, without its line end.
struct NumberedLine {
  std::size_t number = 0;  // in the file, from 1
  std::string_view text;
};

// The lines of `text` that hold more than spaces, tabs and carriage returns; they point into it.
std::vector<NumberedLine> NumberedLines(std::string_view text);

}  // namespace seam
