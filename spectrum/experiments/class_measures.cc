#include "spectrum/experiments/class_measures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string_view>

#include <tbb/parallel_for.h>

#include "evaluate/bootstrap.h"
#include "evaluate/metrics.h"

namespace seam {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Sorts the shares of each class once, and measures them under any weights.
class Measuring {
 public:
  explicit Measuring(const ClassScores& scores) : scores_(scores) {
    const std::size_t classes = scores.shares.empty() ? 0 : scores.shares[0].size();
    for (std::size_t c = 0; c < classes; ++c) {
      std::vector<double> share;
      std::vector<int> is_class;
      for (std::size_t i = 0; i < scores.labels.size(); ++i) {
        share.push_back(scores.shares[i][c]);
        is_class.push_back(scores.labels[i] == static_cast<int>(c) ? 1 : 0);
      }
      ranked_.emplace_back(share, is_class);
    }
  }

  void SetWeights(std::span<const double> weights) {
    for (RankedScores& ranked : ranked_) ranked.SetWeights(weights);
  }

  double Auc() const {
    double sum = 0;
    int count = 0;
    for (const RankedScores& ranked : ranked_) {
      const double auc = RocAuc(ranked);
      if (std::isnan(auc)) continue;
      sum += auc;
      ++count;
    }
    return count > 0 ? sum / count : kNan;
  }

  double Accuracy(std::span<const double> weights) const {
    double right = 0, all = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      all += weights[i];
      if (scores_.predicted[i] == scores_.labels[i]) right += weights[i];
    }
    return all > 0 ? right / all : kNan;
  }

 private:
  const ClassScores& scores_;
  std::vector<RankedScores> ranked_;  // of each class
};

}  // namespace

void ClassScores::Append(const ClassScores& more) {
  shares.insert(shares.end(), more.shares.begin(), more.shares.end());
  labels.insert(labels.end(), more.labels.begin(), more.labels.end());
  predicted.insert(predicted.end(), more.predicted.begin(), more.predicted.end());
}

ClassScores ScoreClasses(const SpectrumModel& model, const FeatureSet& set) {
  std::vector<std::vector<double>> rows(set.rows());
  std::vector<int> predicted(set.rows());
  tbb::parallel_for(std::size_t{0}, set.rows(), [&](std::size_t i) {
    rows[i] = model.Probabilities(set.row(i));
    predicted[i] = model.Predict(set.row(i));
  });
  ClassScores scores;
  std::vector<int> counts;  // rows of each input
  std::map<std::string_view, std::size_t> inputs;
  for (std::size_t i = 0; i < set.rows(); ++i) {
    if (set.labels[i] < 0) continue;
    std::size_t input = scores.labels.size();
    if (!set.paths.empty()) input = inputs.emplace(set.paths[i], input).first->second;
    if (input < scores.labels.size()) {
      auto& shares = scores.shares[input];
      for (std::size_t c = 0; c < shares.size(); ++c) shares[c] += rows[i][c];
      ++counts[input];
    } else {
      scores.shares.push_back(std::move(rows[i]));
      scores.labels.push_back(set.labels[i]);
      scores.predicted.push_back(predicted[i]);
      counts.push_back(1);
    }
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 1) continue;  // the model's own decision stands
    auto& shares = scores.shares[i];
    for (double& share : shares) share /= counts[i];
    scores.predicted[i] = static_cast<int>(std::max_element(shares.begin(), shares.end()) - shares.begin());
  }
  return scores;
}

double MacroAuc(const ClassScores& scores) { return Measuring(scores).Auc(); }

Slice MeasureClasses(const std::string& name, const ClassScores& scores, const BootstrapOptions& options) {
  Slice slice;
  slice.name = name;
  slice.inputs = static_cast<int>(scores.labels.size());
  if (scores.labels.empty()) return slice;
  Measuring measuring(scores);
  const std::vector<double> once(scores.labels.size(), 1);
  const double accuracy = measuring.Accuracy(once), auc = measuring.Auc();
  std::vector<int> units(scores.labels.size());
  std::iota(units.begin(), units.end(), 0);
  const auto results =
      Bootstrap(units, scores.labels, options, [&](std::span<const double> weights) -> std::vector<double> {
        measuring.SetWeights(weights);
        return {measuring.Accuracy(weights), measuring.Auc()};
      });
  for (const MetricEntry& metric : Metrics()) {
    const std::string_view key = metric.key;
    Measured measured{kNan, {kNan, kNan}};
    if (key == "accuracy") measured = {accuracy, FindInterval(results, 0, options.level)};
    if (key == "auc") measured = {auc, FindInterval(results, 1, options.level)};
    slice.metrics.push_back(measured);
  }
  return slice;
}

}  // namespace seam
