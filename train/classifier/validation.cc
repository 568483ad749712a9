#include "train/classifier/validation.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "evaluate/metrics.h"
#include "proto/crop_spec.h"
#include "scores/aggregate.h"

namespace seam {
namespace {

// The measures of videos, or those of clips.
void Measure(const LabelledScores& scored, bool of_videos, ValidationMetrics* metrics) {
  RankedScores ranked(scored.scores, scored.labels);
  const auto measure = [&] {
    std::vector<double> values;
    for (const ValMeasure& entry : ValMeasures()) {
      if (entry.of_videos == of_videos) values.push_back(entry.measure(ranked));
    }
    return values;
  };
  const auto values = measure();
  const BootstrapOptions options = ResamplesFor(scored.scores.size());
  const auto resampled =
      Bootstrap(scored.videos, scored.labels, options, [&](std::span<const double> weights) {
        ranked.SetWeights(weights);
        return measure();
      });
  for (std::size_t i = 0, column = 0; i < ValMeasures().size(); ++i) {
    if (ValMeasures()[i].of_videos != of_videos) continue;
    metrics->*ValMeasures()[i].value = values[column];
    metrics->intervals[i] = FindInterval(resampled, column, options.level);
    ++column;
  }
}

// A clip whose pictures cannot be decoded has no score.
bool IsScored(double score) { return !std::isnan(score); }

// An Error when no video of a class has a score: then there is nothing to measure or to calibrate.
void CheckScored(const ClipDataset& dataset, const LabelledScores& videos) {
  for (const int label : {0, 1}) {
    if (std::find(videos.labels.begin(), videos.labels.end(), label) != videos.labels.end()) continue;
    throw Error(dataset.folder().string(),
                fmt::format("no {} clip of the split '{}' has pictures that can be decoded",
                            label == 1 ? "fake" : "real", dataset.split()),
                "extract the dataset again");
  }
}

// Each process has the scores of its share, and no number elsewhere: as sums, all have all of them.
void Gather(DataParallel* processes, std::vector<double>* scores) {
  std::vector<double> sums(2 * scores->size());
  for (std::size_t i = 0; i < scores->size(); ++i) {
    const bool scored = !std::isnan((*scores)[i]);
    sums[2 * i] = scored ? (*scores)[i] : 0;
    sums[2 * i + 1] = scored ? 1 : 0;
  }
  processes->Sum(&sums);
  for (std::size_t i = 0; i < scores->size(); ++i) {
    if (sums[2 * i + 1] > 0) (*scores)[i] = sums[2 * i];
  }
}

}  // namespace

std::optional<std::vector<double>> ScoreClips(const ClipDataset& dataset, const LoaderOptions& options,
                                              Model* model, DataParallel* processes,
                                              const CancelToken& cancel) {
  const torch::NoGradGuard no_grad;
  model->eval();
  std::vector<double> scores(dataset.size(), std::numeric_limits<double>::quiet_NaN());
  const int window = model->input().frames > 1 ? model->input().frames : 0;  // an image network takes any
  auto plan = PlanInOrder(dataset, options, window);
  if (processes != nullptr) plan = TakeShare(std::move(plan), processes->rank(), processes->world());
  Progress progress(dataset.split(), static_cast<std::int64_t>(dataset.size()) * plan.frames, "crops");
  BatchLoader loader(dataset, std::move(plan), options.workers);
  while (const auto batch = loader.Next()) {
    if (cancel.Cancelled()) return std::nullopt;
    if (batch->indices.empty()) continue;  // another process's
    // An image network sees the frames of a window as the clips of one frame that they are in `seam infer`.
    const auto clips = window > 0 ? batch->clips : batch->clips.flatten(0, 1).unsqueeze(1);
    const auto answered = torch::sigmoid(model->forward(clips).to(torch::kDouble))
                              .view({batch->clips.size(0), -1})
                              .mean(1)
                              .contiguous();
    for (std::size_t i = 0; i < batch->indices.size(); ++i) {
      const double score = answered.data_ptr<double>()[i];
      if (!std::isfinite(score)) {
        throw Error(dataset.video(batch->indices[i]), fmt::format("the network's score is {}", score),
                    "a lower --lr helps; the checkpoints of earlier epochs are intact");
      }
      scores[batch->indices[i]] = score;
    }
    progress.Advance(static_cast<std::int64_t>(batch->planned) * batch->clips.size(1));
  }
  if (processes != nullptr) Gather(processes, &scores);
  return scores;
}

LabelledScores ClipScores(const ClipDataset& dataset, const std::vector<double>& scores) {
  LabelledScores clips;
  std::map<std::string, int> number;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (!IsScored(scores[i])) continue;
    clips.scores.push_back(scores[i]);
    clips.labels.push_back(dataset.label(i));
    clips.videos.push_back(number.emplace(dataset.video(i), static_cast<int>(number.size())).first->second);
  }
  return clips;
}

LabelledScores VideoScores(const ClipDataset& dataset, const std::vector<double>& scores, int window) {
  const int frames = window > 1 ? window : dataset.frames();
  std::map<std::string, TrackScores> people;  // by video
  std::map<std::string, std::size_t> clip_of;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (!IsScored(scores[i])) continue;
    ClipScore& clip = people[dataset.video(i)][static_cast<int>(dataset.track(i))].clips.emplace_back();
    clip.score = scores[i];
    clip.faces.resize(static_cast<std::size_t>(frames));
    // Clips of a shard share no frame: numbers that are their own stand for those in the video.
    for (std::size_t frame = 0; frame < clip.faces.size(); ++frame)
      clip.faces[frame].index = static_cast<std::int64_t>(i * clip.faces.size() + frame);
    clip_of[dataset.video(i)] = i;
  }
  LabelledScores videos;
  AggregateOptions aggregate;
  aggregate.tiles = TileRule(dataset.crop());
  for (auto& [video, tracks] : people) {
    videos.videos.push_back(static_cast<int>(videos.scores.size()));
    videos.scores.push_back(*ScoreTracks(aggregate, &tracks));
    const std::size_t clip = clip_of[video];
    videos.labels.push_back(dataset.label(clip));
    videos.datasets.push_back(dataset.dataset_number(clip));
  }
  CheckScored(dataset, videos);
  return videos;
}

// A resample goes through all clips, and an epoch must not wait for it: on 10,000 clips 200 are drawn, and
// below 2,000 a thousand, from which on the ends of a 95 % interval hardly move (Efron and Tibshirani 1993,
// chapter 13.3).
BootstrapOptions ResamplesFor(std::size_t scores) {
  BootstrapOptions options;
  options.resamples =
      static_cast<int>(std::clamp<std::size_t>(2'000'000 / std::max<std::size_t>(scores, 1), 200, 1000));
  return options;
}

ValidationMetrics MeasureScores(const LabelledScores& clips, const LabelledScores& videos) {
  ValidationMetrics metrics;
  Measure(clips, false, &metrics);
  Measure(videos, true, &metrics);
  MeasureAtHalf(clips, &metrics);
  return metrics;
}

}  // namespace seam
