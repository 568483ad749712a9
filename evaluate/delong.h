#pragma once

#include <span>

namespace seam {

struct DeLongResult {
  double auc_a = 0, auc_b = 0;
  double variance_a = 0, variance_b = 0, covariance = 0;
  double z = 0;        // (auc_a - auc_b) / its standard error; 0 where both are 0
  double p_value = 1;  // two-sided
};

// Whether two detectors' AUCs on the same videos differ. The test is that of DeLong, DeLong and
// Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating Characteristic
// Curves", Biometrics 1988. It is computed by the midranks of Sun and Xu, "Fast Implementation of DeLong's
// Algorithm", IEEE SPL 2014 (equations 5 to 9). Spans of equal length, 1 is fake. All NaN where a class has
// fewer than two videos or a score is NaN. The videos are taken as independent.
DeLongResult DeLongTest(std::span<const double> scores_a, std::span<const double> scores_b,
                        std::span<const int> labels);

}  // namespace seam
