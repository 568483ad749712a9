#include "evaluate/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "evaluate/metrics.h"

namespace seam {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double Logit(double score) {
  const double clipped = std::clamp(score, kEps, 1 - kEps);
  return std::log(clipped) - std::log1p(-clipped);
}

double Sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

// The derivative of the summed log-loss of sigmoid(slope * logit) by the slope. The loss is convex in the
// slope (a logistic regression without a constant), so this rises and has one zero at most.
double Derivative(const std::vector<double>& logits, std::span<const int> labels, double slope) {
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) sum += (Sigmoid(slope * logits[i]) - labels[i]) * logits[i];
  return sum;
}

// The value that at most `share` of `values` come before, in the order `before`.
double Outermost(std::vector<double> values, double share,
                 const std::function<bool(double, double)>& before) {
  std::sort(values.begin(), values.end(), before);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size()))];
}

}  // namespace

double CalibratedProbability(double score, double temperature) { return Sigmoid(Logit(score) / temperature); }

double FitTemperature(std::span<const double> scores, std::span<const int> labels) {
  std::vector<double> logits;
  for (const double score : scores) logits.push_back(Logit(score));
  if (std::all_of(logits.begin(), logits.end(), [](double logit) { return logit == 0; })) return 1;
  double low = 1 / kMaxTemperature, high = 1 / kMinTemperature;
  if (Derivative(logits, labels, low) >= 0) return kMaxTemperature;
  if (Derivative(logits, labels, high) <= 0) return kMinTemperature;
  constexpr int kHalvings = 60;  // to the last bits of a double
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (Derivative(logits, labels, middle) < 0 ? low : high) = middle;
  }
  return 2 / (low + high);
}

ScoreCalibration Calibrate(std::span<const double> scores, std::span<const int> labels) {
  std::vector<double> reals, fakes;
  for (std::size_t i = 0; i < scores.size(); ++i) (labels[i] == 1 ? fakes : reals).push_back(scores[i]);
  const RankedScores ranked(scores, labels);
  ScoreCalibration fitted;
  fitted.temperature = FitTemperature(scores, labels);
  fitted.threshold_eer = ThresholdOfEqualErrorRate(ranked);
  fitted.threshold_fpr1 = ThresholdAtFpr(ranked, 0.01);
  const double highest_real = Outermost(reals, kBandError, std::greater<>());
  // The band ends before band_high, and that real belongs into it.
  const double above_reals = std::min(1.0, std::nextafter(highest_real, 2.0));
  const double lowest_fake = Outermost(fakes, kBandError, std::less<>());
  fitted.band_low = std::min({above_reals, lowest_fake, fitted.threshold_eer});
  fitted.band_high = std::max({above_reals, lowest_fake, fitted.threshold_eer});
  fitted.real = static_cast<int>(reals.size());
  fitted.fake = static_cast<int>(fakes.size());
  return fitted;
}

std::string CaveatsOf(const ScoreCalibration& calibration) {
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
