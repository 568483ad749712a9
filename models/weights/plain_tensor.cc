#include "models/weights/plain_tensor.h"

#include <cstring>
#include <utility>

namespace seam {

std::size_t PlainTensor::elements() const {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

std::string_view PlainTensor::bytes() const {
  const std::size_t size = elements() * FindSize(dtype);
  return size == 0 ? std::string_view() : std::string_view(data.get(), size);
}

std::shared_ptr<char> AllocateElements(std::size_t size) {
  const std::shared_ptr<char[]> memory(new char[size]);
  return {memory, memory.get()};
}

PlainTensor CopyTensor(DType dtype, std::vector<std::int64_t> shape, std::string_view bytes) {
  const auto memory = AllocateElements(bytes.size());
  if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
  return {dtype, std::move(shape), memory};
}

}  // namespace seam
