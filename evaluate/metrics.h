#pragma once

#include <span>

namespace seam {

// Measures of scores (higher is more fake) against labels (1 is fake, 0 is real). Spans of equal length. A
// measure that needs both classes is NaN where one is missing, and every measure is NaN for no scores or
// where a score is NaN. Equal to scikit-learn's on ties and imbalance. O(n log n).

// Area under the ROC curve: P(score of a fake > score of a real) + P(equal) / 2 (Hanley and McNeil 1982).
double RocAuc(std::span<const double> scores, std::span<const int> labels);

// Average precision: sum over thresholds of (R_n - R_{n-1}) P_n, without interpolation.
double AveragePrecision(std::span<const double> scores, std::span<const int> labels);

// Equal error rate: where the ROC curve (a point for each distinct score and (0, 0), straight lines between
// them) crosses the line false positive rate = 1 - true positive rate.
double EqualErrorRate(std::span<const double> scores, std::span<const int> labels);

// Mean of -log P(label), with scores clipped to [eps, 1 - eps], eps of double.
double LogLoss(std::span<const double> scores, std::span<const int> labels);

// Share of scores on the right side of `threshold`; a score at the threshold counts as fake.
double Accuracy(std::span<const double> scores, std::span<const int> labels, double threshold);

}  // namespace seam
