#pragma once

#include <filesystem>
#include <string>

#include "models/weights/plain_tensor.h"

namespace seam {

// Weights as another library left them: its names, layouts and element types.
struct ForeignWeights {
  std::string format;  // "Keras HDF5", "PyTorch", "safetensors", "flattened"
  PlainTensors tensors;
};

// Reads what the first bytes of the file say it is:
//   Keras HDF5 (models/weights/keras_h5.h), PyTorch (models/weights/torch_file.h), safetensors,
//   flattened: NAME.json, an object whose `tensors` lists name, shape and offset_floats, beside NAME.f32 with
//   the float32 numbers, little-endian; either file may be named.
// A prefix of a wrapper, such as "module.", is taken off where most names have it.
ForeignWeights LoadForeignWeights(const std::filesystem::path& path);

}  // namespace seam
