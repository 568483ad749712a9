#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/weights/dtype.h"

namespace seam {

// A tensor in the CPU's memory: numbers and nothing that computes with them. Elements lie one after the
// other, those of the last dimension side by side. Copies share the memory.
struct PlainTensor {
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape;   // no negative side; no sides: a single number
  std::shared_ptr<const char> data;  // aligned for `dtype`

  std::size_t elements() const;
  std::string_view bytes() const;
};

using PlainTensors = std::map<std::string, PlainTensor>;

// Memory for `size` bytes of elements of any type, not yet filled.
std::shared_ptr<char> AllocateElements(std::size_t size);
// A tensor whose memory is a copy of `bytes`, which have the size that dtype and shape ask for.
PlainTensor CopyTensor(DType dtype, std::vector<std::int64_t> shape, std::string_view bytes);

}  // namespace seam
