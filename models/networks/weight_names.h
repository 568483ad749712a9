#pragma once

#include <string>

namespace seam {

// What the convolution is called that brings the channels of --input-channels to three.
inline constexpr const char* kAdapter = "adapter";

// Whether a weight is the temperature of Note [Binary weights].
inline bool IsTemperature(const std::string& weight) { return weight.ends_with(".temperature"); }

}  // namespace seam
