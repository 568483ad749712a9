#include "evaluate/fusion_fit.h"

#include <algorithm>
#include <cmath>

#include "scores/calibration.h"

namespace seam {
namespace {

constexpr double kMostWeight = 20, kMostBias = 40;
constexpr int kHalvings = 50, kMostRounds = 500;
constexpr double kStill = 1e-7;  // a round that changes nothing by more is the last

// The loss as a function of one coefficient at a time.
class Loss {
 public:
  Loss(const std::vector<std::vector<double>>& scores, std::span<const int> labels)
      : labels_(labels), sums_(labels.size(), 0.0) {
    const auto fakes = static_cast<double>(std::count(labels.begin(), labels.end(), 1));
    const auto all = static_cast<double>(labels.size());
    for (const int label : labels) counts_.push_back(all / 2 / (label == 1 ? fakes : all - fakes));
    for (const auto& network : scores) {
      std::vector<double>& logits = columns_.emplace_back();
      for (const double score : network) logits.push_back(Logit(score));
    }
    columns_.emplace_back(labels.size(), 1.0);  // the bias
    values_.assign(columns_.size(), 0.0);
    for (std::size_t i = 0; i < scores.size(); ++i) Set(i, Mean());
  }

  std::size_t networks() const { return columns_.size() - 1; }
  double value(std::size_t i) const { return values_[i]; }

  // Sets coefficient `i` to its best with the others as they are. Returns how far it moved.
  double Improve(std::size_t i) {
    const bool bias = i == networks();
    double low = bias ? -kMostBias : 0, high = bias ? kMostBias : kMostWeight;
    const double before = values_[i];
    if (Derivative(i, low) >= 0) {
      high = low;
    } else if (Derivative(i, high) <= 0) {
      low = high;
    }
    for (int halving = 0; halving < kHalvings && low < high; ++halving) {
      const double middle = (low + high) / 2;
      (Derivative(i, middle) < 0 ? low : high) = middle;
    }
    Set(i, (low + high) / 2);
    return std::abs(values_[i] - before);
  }

 private:
  double Mean() const { return 1 / static_cast<double>(networks()); }

  // Rises with `value`, since the loss is convex.
  double Derivative(std::size_t i, double value) const {
    double sum = i == networks() ? 0 : kFusionPull * (value - Mean());
    const double change = value - values_[i];
    for (std::size_t v = 0; v < sums_.size(); ++v)
      sum += counts_[v] * (Sigmoid(sums_[v] + change * columns_[i][v]) - labels_[v]) * columns_[i][v];
    return sum;
  }

  void Set(std::size_t i, double value) {
    for (std::size_t v = 0; v < sums_.size(); ++v) sums_[v] += (value - values_[i]) * columns_[i][v];
    values_[i] = value;
  }

  std::span<const int> labels_;
  std::vector<double> counts_;                // how much each video counts
  std::vector<std::vector<double>> columns_;  // logits of each network, and ones
  std::vector<double> values_;                // weights and bias
  std::vector<double> sums_;                  // the fused logit of each video
};

}  // namespace

double FusionFit::ComputeLogit(std::span<const double> scores) const {
  double logit = bias;
  for (std::size_t i = 0; i < weights.size(); ++i) logit += weights[i] * Logit(scores[i]);
  return logit;
}

FusionFit FitFusion(const std::vector<std::vector<double>>& scores, std::span<const int> labels) {
  Loss loss(scores, labels);
  double moved = 1;
  for (int round = 0; round < kMostRounds && moved > kStill; ++round) {
    moved = 0;
    for (std::size_t i = 0; i <= loss.networks(); ++i) moved = std::max(moved, loss.Improve(i));
  }
  FusionFit fit;
  for (std::size_t i = 0; i < loss.networks(); ++i) fit.weights.push_back(loss.value(i));
  fit.bias = loss.value(loss.networks());
  return fit;
}

}  // namespace seam
