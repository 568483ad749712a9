#include "evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace seam {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// How many fakes (true positives) and reals (false positives) have a score of at least the step's.
struct RocStep {
  double true_positives = 0, false_positives = 0;
};

bool Measurable(std::span<const double> scores) {
  return !scores.empty() &&
         std::none_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
}

// One step for each distinct score, from the greatest down, after (0, 0). Empty where a class is missing or a
// score is NaN.
std::vector<RocStep> RocSteps(std::span<const double> scores, std::span<const int> labels) {
  if (!Measurable(scores)) return {};
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<RocStep> steps(1);
  double previous = kNan;
  for (const std::size_t i : order) {
    if (scores[i] != previous) steps.push_back(steps.back());
    previous = scores[i];
    (labels[i] == 1 ? steps.back().true_positives : steps.back().false_positives) += 1;
  }
  if (steps.back().true_positives == 0 || steps.back().false_positives == 0) return {};
  return steps;
}

}  // namespace

double RocAuc(std::span<const double> scores, std::span<const int> labels) {
  const auto steps = RocSteps(scores, labels);
  if (steps.empty()) return kNan;
  double twice_area = 0;  // a whole number, exact below 2^53
  for (std::size_t i = 1; i < steps.size(); ++i) {
    twice_area += (steps[i].false_positives - steps[i - 1].false_positives) *
                  (steps[i].true_positives + steps[i - 1].true_positives);
  }
  return twice_area / 2 / (steps.back().true_positives * steps.back().false_positives);
}

double AveragePrecision(std::span<const double> scores, std::span<const int> labels) {
  const auto steps = RocSteps(scores, labels);
  if (steps.empty()) return kNan;
  double sum = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const double precision = steps[i].true_positives / (steps[i].true_positives + steps[i].false_positives);
    sum += (steps[i].true_positives - steps[i - 1].true_positives) * precision;
  }
  return sum / steps.back().true_positives;
}

double EqualErrorRate(std::span<const double> scores, std::span<const int> labels) {
  const auto steps = RocSteps(scores, labels);
  if (steps.empty()) return kNan;
  const auto fpr = [&](const RocStep& step) { return step.false_positives / steps.back().false_positives; };
  // fpr - (1 - tpr): rises from -1 to 1.
  const auto excess = [&](const RocStep& step) {
    return fpr(step) + step.true_positives / steps.back().true_positives - 1;
  };
  const auto after =
      std::find_if(steps.begin(), steps.end(), [&](const RocStep& step) { return excess(step) >= 0; });
  const auto before = after - 1;
  const double share = -excess(*before) / (excess(*after) - excess(*before));
  return fpr(*before) + share * (fpr(*after) - fpr(*before));
}

double LogLoss(std::span<const double> scores, std::span<const int> labels) {
  if (!Measurable(scores)) return kNan;
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double fake = std::clamp(scores[i], kEps, 1 - kEps);
    sum -= std::log(labels[i] == 1 ? fake : 1 - fake);
  }
  return sum / static_cast<double>(scores.size());
}

double Accuracy(std::span<const double> scores, std::span<const int> labels, double threshold) {
  if (!Measurable(scores)) return kNan;
  double right = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    right += (scores[i] >= threshold) == (labels[i] == 1) ? 1 : 0;
  return right / static_cast<double>(scores.size());
}

}  // namespace seam
