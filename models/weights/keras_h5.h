#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "models/weights/plain_tensor.h"

namespace seam {

// The weights in a Keras HDF5 file (save_weights() or save()), float32, in Keras' layouts, by layer and
// weight: "conv2d_5/kernel:0". An optimizer's are passed over. Read in a process of its own with limits of
// time and memory: what a hostile file does to the HDF5 library ends as an Error here. Links out of the file,
// filters other than gzip and shuffle, and types other than floating point are refused.
PlainTensors LoadKerasH5(const std::filesystem::path& path);

}  // namespace seam
