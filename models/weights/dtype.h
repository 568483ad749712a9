#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace seam {

// The type of a stored tensor's elements.
enum class DType {
  kBool,  // one byte, 0 or 1
  kUint8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat16,   // IEEE 754 binary16
  kBfloat16,  // the upper half of a float32
  kFloat32,
  kFloat64,
};

// Bytes of one element.
std::size_t FindSize(DType type);
// As NumPy and PyTorch write it: "float32".
const char* GetName(DType type);

// The number that the bits of a half-precision element stand for, exactly.
inline float FromBfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
inline float FromFloat16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16, exponent = bits >> 10 & 0x1fU, fraction = bits & 0x3ffU;
  if (exponent == 0) {  // zero and subnormal numbers: fraction times 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  // Exponents are biased by 15 here and by 127 in a float32; 31 and 255 stand for infinity and NaN.
  const std::uint32_t wider = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wider << 23 | fraction << 13);
}

}  // namespace seam
