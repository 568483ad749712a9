#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "models/zoo/stored_network.h"

namespace seam {

// A crop of this many pixels whose faces are found by HOG, which needs no file.
CropSpec HogCrop(int size);

// Writes a checkpoint of the network with random weights, without LibTorch. `info` needs no model and, where
// its crop has no size, no crop. -> `path`.
std::filesystem::path WriteCheckpoint(const std::filesystem::path& path, const ModelOptions& options,
                                      CheckpointInfo info = {}, std::uint32_t seed = 1);

struct TestCheckpoint {
  int window = 1;  // more: an LSTM over windows of so many frames
  int window_step = 1;
  std::optional<Calibration> calibration = {};
  int seed = 3;
};

// The same of a Meso-4 on crops of HogCrop().
std::filesystem::path MakeCheckpoint(const std::filesystem::path& path, const TestCheckpoint& what = {});

}  // namespace seam
