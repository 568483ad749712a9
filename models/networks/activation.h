#pragma once

#include <cstdint>

namespace seam {

// What is applied to each number of a map. SiLU: z / (1 + exp(-z)); ReLU6: min(max(z, 0), 6); PReLU: a slope
// below 0 for each channel; the others as Op in graph.h says.
enum class Activation : std::uint8_t {
  kNone,
  kRelu,
  kRelu6,
  kLeakyRelu,
  kChannelPrelu,
  kSilu,
  kSigmoid,
  kGelu,
  kGeluTanh,
  kQuickGelu,
  kTanh,
  kAbs,
  kClip  // at least -slope, at most slope
};

}  // namespace seam
