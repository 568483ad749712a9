#pragma once

#include <filesystem>

#include "train/loader.h"

namespace seam {

// Writes a PNG of what the network will see: the first clips of a plan, a column for each frame (at most
// kPreviewFrames), under a stripe that is green for real and red for fake; `kPreviewRows` rows of clips of
// each class where there are as many. A plan of pairs stays in its order: real and fake side by side. An
// Error when it cannot be written.
constexpr int kPreviewRows = 6, kPreviewColumns = 12, kPreviewFrames = 4;
void WritePreview(const ClipDataset& dataset, const EpochPlan& plan, const std::filesystem::path& path);

}  // namespace seam
