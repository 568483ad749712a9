#pragma once

#include <filesystem>

namespace seam {

// Writes a checkpoint of a Meso-4 with random weights whose faces are found by HOG, which needs no file.
// Returns `path`.
std::filesystem::path MakeCheckpoint(const std::filesystem::path& path);

}  // namespace seam
