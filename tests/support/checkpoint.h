#pragma once

#include <filesystem>

#include "models/torch/checkpoint.h"

namespace seam {

struct TestCheckpoint {
  int window = 1;  // more: an LSTM over windows of so many frames
  int window_step = 1;
  std::optional<Calibration> calibration = {};
  int seed = 3;
};

// Writes a checkpoint of a Meso-4 with random weights whose faces are found by HOG, which needs no file.
// Returns `path`.
std::filesystem::path MakeCheckpoint(const std::filesystem::path& path, const TestCheckpoint& what = {});

}  // namespace seam
