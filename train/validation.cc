#include "train/validation.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "evaluate/metrics.h"

namespace seam {

std::optional<std::vector<double>> ScoreClips(const ClipDataset& dataset, const LoaderOptions& options,
                                              Model* model) {
  const torch::NoGradGuard no_grad;
  model->eval();
  std::vector<double> scores(dataset.size());
  BatchLoader loader(dataset, PlanInOrder(dataset, options), options.workers);
  Progress progress(dataset.split(), static_cast<std::int64_t>(dataset.size()) * dataset.frames(), "crops");
  while (const auto batch = loader.Next()) {
    if (Interrupted()) return std::nullopt;
    const auto answered = torch::sigmoid(model->forward(batch->clips).to(torch::kDouble)).contiguous();
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
  std::vector<int> labels;
  std::map<std::pair<std::string, std::uint32_t>, std::pair<double, int>> tracks;  // sum and count
  std::map<std::string, std::pair<double, int>> videos;                            // score and label
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    labels.push_back(dataset.label(i));
    auto& [sum, count] = tracks[{dataset.video(i), dataset.track(i)}];
    sum += scores[i];
    ++count;
    videos[dataset.video(i)] = {0, dataset.label(i)};
  }
  for (const auto& [key, sum_and_count] : tracks) {
    double& score = videos[key.first].first;
    score = std::max(score, sum_and_count.first / sum_and_count.second);
  }
  std::vector<double> video_scores;
  std::vector<int> video_labels;
  for (const auto& [name, score_and_label] : videos) {
    video_scores.push_back(score_and_label.first);
    video_labels.push_back(score_and_label.second);
  }
  return {LogLoss(scores, labels), RocAuc(scores, labels), RocAuc(video_scores, video_labels)};
}

}  // namespace seam
