#include "train/classifier/val_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "evaluate/metrics.h"
#include "train/classifier/validation.h"
#include "train/data/dataset.h"

namespace seam {
namespace {

// Adds the part of `scores` that `takes` accepts, by number of the clip.
template <class Takes>
void AddPart(const ClipDataset& val, std::vector<double> scores, int window, const std::string& name,
             const Takes& takes, std::vector<ValPart>* parts) {
  std::array<bool, 2> scored = {};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!takes(i)) scores[i] = std::numeric_limits<double>::quiet_NaN();
    if (!std::isnan(scores[i])) scored[static_cast<std::size_t>(val.label(i))] = true;
  }
  if (!scored[0] || !scored[1]) return;
  const LabelledScores clips = ClipScores(val, scores), videos = VideoScores(val, scores, window);
  ValPart part{.name = name};
  part.fake = static_cast<int>(std::count(videos.labels.begin(), videos.labels.end(), 1));
  part.real = static_cast<int>(videos.labels.size()) - part.fake;
  part.auc_frame = RocAuc({clips.scores, clips.labels});
  RankedScores ranked(videos.scores, videos.labels);
  part.auc_video = RocAuc(ranked);
  const BootstrapOptions options = ResamplesFor(videos.scores.size());
  const auto resampled =
      Bootstrap(videos.videos, videos.labels, options, [&](std::span<const double> weights) {
        ranked.SetWeights(weights);
        return std::vector<double>{RocAuc(ranked)};
      });
  part.interval = FindInterval(resampled, 0, options.level);
  parts->push_back(std::move(part));
}

}  // namespace

std::vector<ValPart> MeasureParts(const ClipDataset& val, const std::vector<double>& scores, int window) {
  std::map<std::string, std::set<std::string>> methods;  // by dataset, of its fakes
  std::set<std::string> with_reals;                      // datasets
  for (std::size_t i = 0; i < val.size(); ++i) {
    auto& own = methods[val.dataset(i)];
    if (val.label(i) == 1)
      own.insert(val.method(i));
    else
      with_reals.insert(val.dataset(i));
  }
  std::vector<ValPart> parts;
  for (const auto& entry : methods) {
    const std::string& dataset = entry.first;
    const bool all_reals = with_reals.count(dataset) == 0;
    const auto takes_real = [&](std::size_t i) {
      return val.label(i) == 0 && (all_reals || val.dataset(i) == dataset);
    };
    if (methods.size() > 1) {
      AddPart(
          val, scores, window, dataset,
          [&](std::size_t i) { return takes_real(i) || val.dataset(i) == dataset; }, &parts);
    }
    if (entry.second.size() < 2) continue;
    for (const std::string& method : entry.second) {
      if (method.empty()) continue;
      const auto takes = [&](std::size_t i) {
        return takes_real(i) || (val.label(i) == 1 && val.dataset(i) == dataset && val.method(i) == method);
      };
      AddPart(val, scores, window, method, takes, &parts);
    }
  }
  return parts;
}

}  // namespace seam
