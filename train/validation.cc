#include "train/validation.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "evaluate/metrics.h"
#include "evaluate/video_score.h"

namespace seam {

std::optional<std::vector<double>> ScoreClips(const ClipDataset& dataset, const LoaderOptions& options,
                                              Model* model) {
  const torch::NoGradGuard no_grad;
  model->eval();
  std::vector<double> scores(dataset.size(), std::numeric_limits<double>::quiet_NaN());
  const int window = model->input().frames > 1 ? model->input().frames : 0;  // an image network takes any
  auto plan = PlanInOrder(dataset, options, window);
  Progress progress(dataset.split(), static_cast<std::int64_t>(dataset.size()) * plan.frames, "crops");
  BatchLoader loader(dataset, std::move(plan), options.workers);
  while (const auto batch = loader.Next()) {
    if (Interrupted()) return std::nullopt;
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
    progress.Advance(batch->clips.size(0) * batch->clips.size(1));
  }
  return scores;
}

ValidationMetrics MeasureScores(const ClipDataset& dataset, const std::vector<double>& scores) {
  std::vector<double> frame_scores;
  std::vector<int> labels;
  std::map<std::string, std::map<std::uint32_t, std::vector<double>>> people;  // by video and track
  std::map<std::string, int> label_of;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (std::isnan(scores[i])) continue;  // its pictures cannot be decoded
    frame_scores.push_back(scores[i]);
    labels.push_back(dataset.label(i));
    people[dataset.video(i)][dataset.track(i)].push_back(scores[i]);
    label_of[dataset.video(i)] = dataset.label(i);
  }
  std::vector<double> video_scores;
  std::vector<int> video_labels;
  for (auto& [video, tracks] : people) {
    std::vector<std::vector<double>> each;
    for (auto& [track, own] : tracks) each.push_back(std::move(own));
    video_scores.push_back(*VideoScore(each, kMinTrackFrames));
    video_labels.push_back(label_of[video]);
  }
  return {LogLoss({frame_scores, labels}), RocAuc({frame_scores, labels}),
          RocAuc({video_scores, video_labels})};
}

}  // namespace seam
