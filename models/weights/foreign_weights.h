#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/weights/plain_tensor.h"

namespace seam {

// Weights as another library left them: its names, layouts and element types.
struct ForeignWeights {
  std::string format;  // "Keras HDF5", "PyTorch", "safetensors", "flattened"
  PlainTensors tensors;
  // Of a PyTorch file: where the weights lay in it ("state_dict", "" at the top), and where others do.
  std::string key = "";
  std::vector<std::string> others = {};
};

// Reads what the first bytes of the file say it is:
//   Keras HDF5 (models/weights/keras_h5.h), PyTorch (models/weights/torch_file.h), safetensors,
//   flattened: NAME.json, an object whose `tensors` lists name, shape and offset_floats, beside NAME.f32 with
//   the float32 numbers, little-endian; either file may be named.
// Of a PyTorch file with several sets of weights `key` names one. What is no file of weights at all (a web
// page, a Git LFS pointer) is an Error that says what it is.
ForeignWeights LoadForeignWeights(const std::filesystem::path& path, const std::string& key = "");

// The tensors without the prefix of a wrapper, such as "module.", where most names have it.
PlainTensors WithoutPrefix(PlainTensors tensors);

}  // namespace seam
