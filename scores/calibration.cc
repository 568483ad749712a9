#include "scores/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace seam {

double Logit(double score) {
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  const double clipped = std::clamp(score, kEps, 1 - kEps);
  return std::log(clipped) - std::log1p(-clipped);
}

double Sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

double CalibratedProbability(double score, double temperature) { return Sigmoid(Logit(score) / temperature); }

}  // namespace seam
