#include "evaluate/calibration.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "evaluate/metrics.h"

namespace seam {
namespace {

// The derivative of the summed log-loss of sigmoid(slope * logit) by the slope. The loss is convex in the
// slope (a logistic regression without a constant), so this rises and has one zero at most.
double Derivative(const std::vector<double>& logits, std::span<const int> labels,
                  std::span<const double> weights, double slope) {
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    sum += weights[i] * (Sigmoid(slope * logits[i]) - labels[i]) * logits[i];
  return sum;
}

// The score of `label` that at most `share` of its weight comes before, from the greatest or from the
// least on.
double Outermost(const RankedScores& ranked, int label, double share, bool from_greatest) {
  std::vector<RankedScores::Entry> own;
  double whole = 0;
  for (const auto& entry : ranked.entries()) {
    if (entry.label != label) continue;
    own.push_back(entry);
    whole += entry.weight;
  }
  if (!from_greatest) std::reverse(own.begin(), own.end());
  double sum = 0;
  for (const auto& entry : own) {
    sum += entry.weight;
    if (sum > share * whole) return entry.score;
  }
  return own.back().score;
}

}  // namespace

std::vector<double> DatasetWeights(std::span<const int> labels, std::span<const int> datasets) {
  std::map<std::pair<int, int>, double> videos;  // by label and dataset
  std::map<int, double> of_class, counts;        // by label
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++videos[{labels[i], datasets[i]}];
    ++of_class[labels[i]];
  }
  const auto count = [](double own) { return own / (own + kFewVideos); };
  for (const auto& [key, own] : videos) counts[key.first] += count(own);
  std::vector<double> weights;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double own = videos[{labels[i], datasets[i]}];
    weights.push_back(of_class[labels[i]] / own * (count(own) / counts[labels[i]]));
  }
  return weights;
}

double FitTemperature(std::span<const double> scores, std::span<const int> labels,
                      std::span<const double> weights) {
  const std::vector<double> alike(weights.empty() ? scores.size() : 0, 1.0);
  if (weights.empty()) weights = alike;
  std::vector<double> logits;
  for (const double score : scores) logits.push_back(Logit(score));
  if (std::all_of(logits.begin(), logits.end(), [](double logit) { return logit == 0; })) return 1;
  double low = 1 / kMaxTemperature, high = 1 / kMinTemperature;
  if (Derivative(logits, labels, weights, low) >= 0) return kMaxTemperature;
  if (Derivative(logits, labels, weights, high) <= 0) return kMinTemperature;
  constexpr int kHalvings = 60;  // to the last bits of a double
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (Derivative(logits, labels, weights, middle) < 0 ? low : high) = middle;
  }
  return 2 / (low + high);
}

Calibration Calibrate(std::span<const double> scores, std::span<const int> labels,
                      std::span<const double> weights) {
  RankedScores ranked(scores, labels);
  if (!weights.empty()) ranked.SetWeights(weights);
  Calibration fitted;
  fitted.temperature = FitTemperature(scores, labels, weights);
  fitted.threshold_eer = ThresholdOfEqualErrorRate(ranked);
  fitted.threshold_fpr1 = ThresholdAtFpr(ranked, 0.01);
  const double highest_real = Outermost(ranked, 0, kBandError, true);
  // The band ends before band_high, and that real belongs into it.
  const double above_reals = std::min(1.0, std::nextafter(highest_real, 2.0));
  const double lowest_fake = Outermost(ranked, 1, kBandError, false);
  fitted.band_low = std::min({above_reals, lowest_fake, fitted.threshold_eer});
  fitted.band_high = std::max({above_reals, lowest_fake, fitted.threshold_eer});
  fitted.fake = static_cast<int>(std::count(labels.begin(), labels.end(), 1));
  fitted.real = static_cast<int>(labels.size()) - fitted.fake;
  return fitted;
}

std::string DescribeCaveats(const Calibration& calibration) {
  std::vector<std::string> caveats;
  const auto few = [&](int videos, const char* name) {
    if (videos >= kFewVideos) return;
    caveats.push_back(fmt::format("{} {} video{} {} few (below {})", videos, name, videos == 1 ? "" : "s",
                                  videos == 1 ? "is" : "are", kFewVideos));
  };
  few(calibration.real, "real");
  few(calibration.fake, "fake");
  if (calibration.temperature <= kMinTemperature || calibration.temperature >= kMaxTemperature) {
    const bool least = calibration.temperature <= kMinTemperature;
    caveats.push_back(fmt::format("the temperature {} is the {} allowed, and val wants a {} one",
                                  calibration.temperature, least ? "least" : "greatest",
                                  least ? "lower" : "greater"));
  }
  return fmt::format("{}", fmt::join(caveats, "; "));
}

}  // namespace seam
