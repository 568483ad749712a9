#include "evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace seam {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double TruePositiveRate(const std::vector<RocStep>& steps, const RocStep& step) {
  return step.true_positives / steps.back().true_positives;
}

double FalsePositiveRate(const std::vector<RocStep>& steps, const RocStep& step) {
  return step.false_positives / steps.back().false_positives;
}

// Sum of weight * value(entry) by the sum of the weights.
template <class Value>
double WeightedMean(const RankedScores& scores, const Value& value) {
  if (!scores.measurable()) return kNan;
  double sum = 0, weights = 0;
  for (const auto& entry : scores.entries()) {
    sum += entry.weight * value(entry);
    weights += entry.weight;
  }
  return sum / weights;
}

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Between steps[i] and the next lower score, or 0.
double ThresholdBelow(const std::vector<RocStep>& steps, std::size_t i) {
  const double lower = i + 1 < steps.size() ? steps[i + 1].threshold : 0;
  return std::isinf(steps[i].threshold) ? std::min(1.0, (1 + lower) / 2) : (steps[i].threshold + lower) / 2;
}

// The number of the step that is best by `value`, the first among equals.
template <class Value>
std::size_t BestStep(const std::vector<RocStep>& steps, const Value& value) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (value(steps[i]) > value(steps[best])) best = i;
  }
  return best;
}

}  // namespace

RankedScores::RankedScores(std::span<const double> scores, std::span<const int> labels) {
  entries_.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) entries_.push_back({scores[i], labels[i], 1, i});
  measurable_ = !entries_.empty() &&
                std::none_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
  if (!measurable_) return;
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.score > b.score; });
}

void RankedScores::SetWeights(std::span<const double> weights) {
  for (Entry& entry : entries_) entry.weight = weights[entry.index];
}

std::vector<RocStep> RocSteps(const RankedScores& scores) {
  if (!scores.measurable()) return {};
  std::vector<RocStep> steps = {{std::numeric_limits<double>::infinity(), 0, 0}};
  for (const auto& entry : scores.entries()) {
    if (entry.weight == 0) continue;
    if (entry.score != steps.back().threshold) {
      steps.push_back(steps.back());
      steps.back().threshold = entry.score;
    }
    (entry.label == 1 ? steps.back().true_positives : steps.back().false_positives) += entry.weight;
  }
  if (steps.back().true_positives == 0 || steps.back().false_positives == 0) return {};
  return steps;
}

double RocAuc(const RankedScores& scores) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  double twice_area = 0;  // with whole weights a whole number, exact below 2^53
  for (std::size_t i = 1; i < steps.size(); ++i) {
    twice_area += (steps[i].false_positives - steps[i - 1].false_positives) *
                  (steps[i].true_positives + steps[i - 1].true_positives);
  }
  return twice_area / 2 / (steps.back().true_positives * steps.back().false_positives);
}

double AveragePrecision(const RankedScores& scores) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  double sum = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const double precision = steps[i].true_positives / (steps[i].true_positives + steps[i].false_positives);
    sum += (steps[i].true_positives - steps[i - 1].true_positives) * precision;
  }
  return sum / steps.back().true_positives;
}

double EqualErrorRate(const RankedScores& scores) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  // fpr - (1 - tpr): rises from -1 to 1.
  const auto excess = [&](const RocStep& step) {
    return FalsePositiveRate(steps, step) + TruePositiveRate(steps, step) - 1;
  };
  const auto after =
      std::find_if(steps.begin(), steps.end(), [&](const RocStep& step) { return excess(step) >= 0; });
  const auto before = after - 1;
  const double share = -excess(*before) / (excess(*after) - excess(*before));
  const double fpr = FalsePositiveRate(steps, *before);
  return fpr + share * (FalsePositiveRate(steps, *after) - fpr);
}

double TprAtFpr(const RankedScores& scores, double most_fpr) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  double best = 0;
  for (const RocStep& step : steps) {
    if (FalsePositiveRate(steps, step) <= most_fpr) best = std::max(best, TruePositiveRate(steps, step));
  }
  return best;
}

double LogLoss(const RankedScores& scores) {
  return WeightedMean(scores, [](const auto& entry) {
    const double fake = std::clamp(entry.score, kEps, 1 - kEps);
    return -std::log(entry.label == 1 ? fake : 1 - fake);
  });
}

double BrierScore(const RankedScores& scores) {
  return WeightedMean(
      scores, [](const auto& entry) { return (entry.score - entry.label) * (entry.score - entry.label); });
}

std::vector<CalibrationBin> CalibrationBins(const RankedScores& scores) {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  if (!scores.measurable()) return {};
  for (const auto& entry : scores.entries()) {
    const int bin = std::clamp(static_cast<int>(entry.score * kCalibrationBins), 0, kCalibrationBins - 1);
    CalibrationBin& into = bins[static_cast<std::size_t>(bin)];
    into.weight += entry.weight;
    into.mean_score += entry.weight * entry.score;
    into.share_of_fakes += entry.weight * entry.label;
  }
  for (CalibrationBin& bin : bins) {
    bin.mean_score /= bin.weight;
    bin.share_of_fakes /= bin.weight;
  }
  return bins;
}

double ExpectedCalibrationError(const RankedScores& scores) {
  double sum = 0, weights = 0;
  for (const CalibrationBin& bin : CalibrationBins(scores)) {
    if (bin.weight == 0) continue;
    sum += bin.weight * std::abs(bin.mean_score - bin.share_of_fakes);
    weights += bin.weight;
  }
  return weights > 0 ? sum / weights : kNan;
}

Confusion ConfusionAt(const RankedScores& scores, double threshold) {
  Confusion confusion;
  for (const auto& entry : scores.entries()) {
    if (entry.score >= threshold) {
      (entry.label == 1 ? confusion.true_positives : confusion.false_positives) += entry.weight;
    } else {
      (entry.label == 1 ? confusion.false_negatives : confusion.true_negatives) += entry.weight;
    }
  }
  return confusion;
}

double Accuracy(const RankedScores& scores, double threshold) {
  return WeightedMean(scores, [threshold](const auto& entry) {
    return (entry.score >= threshold) == (entry.label == 1) ? 1.0 : 0.0;
  });
}

double Precision(const RankedScores& scores, double threshold) {
  if (!scores.measurable()) return kNan;
  const Confusion at = ConfusionAt(scores, threshold);
  return Ratio(at.true_positives, at.true_positives + at.false_positives);
}

double Recall(const RankedScores& scores, double threshold) {
  if (!scores.measurable()) return kNan;
  const Confusion at = ConfusionAt(scores, threshold);
  return Ratio(at.true_positives, at.true_positives + at.false_negatives);
}

double F1Score(const RankedScores& scores, double threshold) {
  if (!scores.measurable()) return kNan;
  const Confusion at = ConfusionAt(scores, threshold);
  return Ratio(2 * at.true_positives, 2 * at.true_positives + at.false_positives + at.false_negatives);
}

double ThresholdOfYouden(const RankedScores& scores) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  return ThresholdBelow(steps, BestStep(steps, [&](const RocStep& step) {
                          return TruePositiveRate(steps, step) - FalsePositiveRate(steps, step);
                        }));
}

double ThresholdOfEqualErrorRate(const RankedScores& scores) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  return ThresholdBelow(
      steps, BestStep(steps, [&](const RocStep& step) {
        return -std::abs(FalsePositiveRate(steps, step) + TruePositiveRate(steps, step) - 1);
      }));
}

double ThresholdAtFpr(const RankedScores& scores, double most_fpr) {
  const auto steps = RocSteps(scores);
  if (steps.empty()) return kNan;
  std::size_t last = 0;
  while (last + 1 < steps.size() && FalsePositiveRate(steps, steps[last + 1]) <= most_fpr) ++last;
  return ThresholdBelow(steps, last);
}

}  // namespace seam
