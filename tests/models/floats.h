#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "models/weights/plain_tensor.h"

namespace seam {

// The numbers of a float32 tensor; none of another type.
inline std::vector<float> ToFloats(const PlainTensor& tensor) {
  if (tensor.dtype != DType::kFloat32) return {};
  std::vector<float> numbers(tensor.elements());
  if (!numbers.empty()) std::memcpy(numbers.data(), tensor.data.get(), tensor.bytes().size());
  return numbers;
}

inline PlainTensor OfFloats(std::vector<std::int64_t> shape, const std::vector<float>& numbers) {
  return CopyTensor(DType::kFloat32, std::move(shape),
                    {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)});
}

}  // namespace seam
