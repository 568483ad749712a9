#pragma once

#include <optional>
#include <vector>

#include "models/model.h"
#include "train/dataset.h"
#include "train/loader.h"

namespace seam {

// P(fake) of every clip of a dataset, in its order; none when the user interrupts it. An image network scores
// each frame, and the clip's score is their mean. NaN: the clip's pictures cannot be decoded
// (ClipDataset::kLenient). Leaves the model in eval mode. An Error names the video whose score is no number.
std::optional<std::vector<double>> ScoreClips(const ClipDataset& dataset, const LoaderOptions& options,
                                              Model* model);

struct ValidationMetrics {
  double loss = 0;       // log-loss over clips
  double auc_frame = 0;  // over clips
  double auc_video = 0;  // over videos, each scored by VideoScore()
};

// Of the clips that have a score.
ValidationMetrics MeasureScores(const ClipDataset& dataset, const std::vector<double>& scores);

}  // namespace seam
