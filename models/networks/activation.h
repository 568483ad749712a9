#pragma once

#include <cstdint>

namespace seam {

// What is applied to each number of a map. SiLU: z / (1 + exp(-z)); ReLU6: min(max(z, 0), 6).
enum class Activation : std::uint8_t { kNone, kRelu, kRelu6, kLeakyRelu, kSilu, kSigmoid };

}  // namespace seam
