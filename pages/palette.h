#pragma once

#include <cstddef>
#include <string>

namespace seam {

// A colour of a series, 0 to 1 each.
struct Colour {
  double red, green, blue;
};

// Okabe and Ito's colours (Color Universal Design, 2008), which people with any colour vision tell apart. The
// i-th of a chart; they begin again after the last.
const Colour& PaletteColour(std::size_t i);

constexpr std::size_t kPaletteSize = 7;

// The same as CSS has it: "#0072b2".
std::string CssColour(const Colour& colour);

}  // namespace seam
