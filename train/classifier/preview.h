#pragma once

#include <filesystem>

#include <string>

#include "train/classifier/loader.h"
#include "train/train_batch.h"

namespace seam {

// A picture of the first clips of a batch, as many as a sheet of a preview holds. Each clip is a row with a
// column for each frame, at most kPreviewFrames. Above it is a stripe, green for real and red for fake.
Sheet MakeSheet(const Batch& batch);

// Writes a sheet of what the network will see: the first clips of a plan, half of the `kPreviewRows` rows of
// each class where there are as many. A plan of pairs stays in its order: real and fake side by side. An
// Error when it cannot be written.
constexpr int kPreviewRows = 6, kPreviewColumns = 12, kPreviewFrames = 4;
void WritePreview(const ClipDataset& dataset, const EpochPlan& plan, const std::filesystem::path& path);

}  // namespace seam
