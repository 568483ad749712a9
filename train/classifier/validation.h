#pragma once

#include <optional>
#include <vector>

#include "base/cancel.h"
#include "models/torch/model.h"
#include "train/classifier/loader.h"
#include "train/classifier/val_metrics.h"
#include "train/data/dataset.h"
#include "train/data_parallel.h"

namespace seam {

// P(fake) of every clip of a dataset, in its order; none when cancelled. An image network scores
// each frame, and the clip's score is their mean. NaN: the clip's pictures cannot be decoded
// (ClipDataset::kLenient). Leaves the model in eval mode. An Error names the video whose score is no number.
std::optional<std::vector<double>> ScoreClips(const ClipDataset& dataset, const LoaderOptions& options,
                                              Model* model, DataParallel* processes = nullptr,
                                              const CancelToken& cancel = {});

// Of the clips that have a score, in the order of the dataset.
LabelledScores ClipScores(const ClipDataset& dataset, const std::vector<double>& scores);
// A score for each video, by ScoreTracks() as in `seam score` and `seam infer`; in the order of the videos'
// names. `window`: the frames of a clip that the network looks at (InputSpec::frames); 1 or 0: each of them,
// one by one. An Error when no video of a class has a score.
LabelledScores VideoScores(const ClipDataset& dataset, const std::vector<double>& scores, int window = 0);

// As many as an epoch can wait for, of so many scores.
BootstrapOptions ResamplesFor(std::size_t scores);

// With 95 % intervals by a bootstrap over videos, seeded: the same scores give the same numbers.
ValidationMetrics MeasureScores(const LabelledScores& clips, const LabelledScores& videos);

}  // namespace seam
