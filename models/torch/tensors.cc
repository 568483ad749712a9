#include "models/torch/tensors.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "models/weights/safetensors.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

constexpr std::array<std::pair<DType, c10::ScalarType>, 10> kTypes = {{
    {DType::kBool, c10::ScalarType::Bool},
    {DType::kUint8, c10::ScalarType::Byte},
    {DType::kInt8, c10::ScalarType::Char},
    {DType::kInt16, c10::ScalarType::Short},
    {DType::kInt32, c10::ScalarType::Int},
    {DType::kInt64, c10::ScalarType::Long},
    {DType::kFloat16, c10::ScalarType::Half},
    {DType::kBfloat16, c10::ScalarType::BFloat16},
    {DType::kFloat32, c10::ScalarType::Float},
    {DType::kFloat64, c10::ScalarType::Double},
}};

}  // namespace

c10::ScalarType ToScalarType(DType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (ours == type) return theirs;
  }
  throw std::logic_error("a DType that has no row in kTypes");
}

std::optional<DType> ToDType(c10::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

torch::Tensor ToTorch(const PlainTensor& tensor) {
  const auto type = ToScalarType(tensor.dtype);
  if (tensor.elements() == 0) return torch::empty(tensor.shape, type);
  // from_blob() asks for memory that it could change; the clone is made before anybody can.
  return torch::from_blob(const_cast<char*>(tensor.data.get()), tensor.shape, type).clone();
}

TorchTensors ToTorch(const PlainTensors& tensors) {
  TorchTensors result;
  for (const auto& [name, tensor] : tensors) result.emplace(name, ToTorch(tensor));
  return result;
}

PlainTensor ToPlain(const torch::Tensor& tensor) {
  const auto kept = std::make_shared<const torch::Tensor>(tensor.detach().to(torch::kCPU).contiguous());
  return {ToDType(kept->scalar_type()).value(), kept->sizes().vec(),
          std::shared_ptr<const char>(kept, static_cast<const char*>(kept->data_ptr()))};
}

void SaveTensors(const std::filesystem::path& path, const TensorFile& contents) {
  Safetensors plain{{}, contents.metadata};
  for (const auto& [name, tensor] : contents.tensors) {
    if (!tensor.defined() || !ToDType(tensor.scalar_type())) {
      throw Error(path.string(),
                  fmt::format("tensor {} cannot be stored: its dtype has no name", Shown(name)));
    }
    plain.tensors.emplace(name, ToPlain(tensor));
  }
  SaveSafetensors(path, plain);
}

TensorFile LoadTensors(const std::filesystem::path& path) {
  Safetensors plain = LoadSafetensors(path);
  return {ToTorch(plain.tensors), std::move(plain.metadata)};
}

}  // namespace seam
