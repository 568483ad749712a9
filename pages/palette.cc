#include "pages/palette.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace seam {
namespace {

constexpr std::array<Colour, kPaletteSize> kPalette = {{{0, 0.447, 0.698},
                                                        {0.835, 0.369, 0},
                                                        {0, 0.62, 0.451},
                                                        {0.8, 0.475, 0.655},
                                                        {0.902, 0.624, 0},
                                                        {0.337, 0.706, 0.914},
                                                        {0.3, 0.3, 0.3}}};

}  // namespace

const Colour& PaletteColour(std::size_t i) { return kPalette[i % kPaletteSize]; }

std::string CssColour(const Colour& colour) {
  const auto part = [](double share) { return static_cast<int>(std::lround(share * 255)); };
  return fmt::format("#{:02x}{:02x}{:02x}", part(colour.red), part(colour.green), part(colour.blue));
}

}  // namespace seam
