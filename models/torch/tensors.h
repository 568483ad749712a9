#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <torch/types.h>

#include "models/weights/plain_tensor.h"

namespace seam {

using TorchTensors = std::map<std::string, torch::Tensor>;

// LibTorch's name of a type, and the other way round: none where no file of Seam's holds such elements.
c10::ScalarType ToScalarType(DType type);
std::optional<DType> ToDType(c10::ScalarType type);

// On the CPU, in memory of its own.
torch::Tensor ToTorch(const PlainTensor& tensor);
TorchTensors ToTorch(const PlainTensors& tensors);
// The elements in order, whatever the device and the strides; in the tensor's own memory where they lie there
// so. Its type must be one that ToDType() knows.
PlainTensor ToPlain(const torch::Tensor& tensor);

// What a .safetensors file holds (models/weights/safetensors.h), for LibTorch.
struct TensorFile {
  TorchTensors tensors;
  std::map<std::string, std::string> metadata;
};

// As SaveSafetensors() and LoadSafetensors(). A tensor that the format cannot hold is an Error, and no file.
void SaveTensors(const std::filesystem::path& path, const TensorFile& contents);
TensorFile LoadTensors(const std::filesystem::path& path);

}  // namespace seam
