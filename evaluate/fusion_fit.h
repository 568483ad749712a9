#pragma once

#include <span>
#include <vector>

namespace seam {

// Weights and bias of a fusion: sigmoid(bias + sum of weights[i] * logit(score of network i)).
struct FusionFit {
  std::vector<double> weights;
  double bias = 0;
  double ComputeLogit(std::span<const double> scores) const;
};

// Logistic regression on the networks' logits (Brummer et al., "Fusion of heterogeneous speaker recognition
// systems", IEEE TASLP 2007, section IV). `scores[i][v]`: P(fake) by network i of video v; labels of both
// classes. It minimises
//
//   log-loss with both classes counted alike, in all as many as there are videos
//     + kFusionPull / 2 * sum of (weights[i] - 1 / N)^2.
//
// The second term keeps the weights near those of the mean of the logits where videos are few or linearly
// separable. No weight is below 0: a network that says the opposite of the truth is left out, not inverted.
// The loss is convex, and each weight in turn is set to its best until nothing changes.
FusionFit FitFusion(const std::vector<std::vector<double>>& scores, std::span<const int> labels);
constexpr double kFusionPull = 1;

}  // namespace seam
