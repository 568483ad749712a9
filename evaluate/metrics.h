#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace seam {

// Scores (higher is more fake) with their labels (1 is fake, 0 is real), in order, ready to be measured:
// RocAuc({scores, labels}). Each counts once, or by a weight: a bootstrap measures the same scores again and
// again under other weights, and sorts them once.
class RankedScores {
 public:
  // Of equal length.
  RankedScores(std::span<const double> scores, std::span<const int> labels);
  RankedScores(const std::vector<double>& scores, const std::vector<int>& labels)
      : RankedScores(std::span<const double>(scores), std::span<const int>(labels)) {}

  struct Entry {
    double score = 0;
    int label = 0;
    double weight = 1;
    std::size_t index = 0;  // as given to the constructor
  };
  // From the greatest score down.
  const std::vector<Entry>& entries() const { return entries_; }
  // How often each counts, by index as given; 0 leaves it out.
  void SetWeights(std::span<const double> weights);
  // Whether there are scores, and none is NaN.
  bool measurable() const { return measurable_; }

 private:
  std::vector<Entry> entries_;
  bool measurable_ = false;
};

// What is called fake at a threshold: scores of at least `threshold`.
struct RocStep {
  double threshold = 0;
  double true_positives = 0, false_positives = 0;
};
// The first calls nothing fake (threshold infinite); then one for each distinct score from the greatest down;
// the last calls all fake. Empty where a class is missing or a score is NaN.
std::vector<RocStep> RocSteps(const RankedScores& scores);

// A metric that needs both classes is NaN where one is missing. Every metric is NaN where there is no score
// or a score is NaN. Equal to scikit-learn's on ties and imbalance. O(n).

// Area under the ROC curve: P(score of a fake > score of a real) + P(equal) / 2 (Hanley and McNeil 1982).
double RocAuc(const RankedScores& scores);
// Average precision: sum over thresholds of (R_n - R_{n-1}) P_n, without interpolation.
double AveragePrecision(const RankedScores& scores);
// Equal error rate: where the ROC curve (straight lines between the steps) crosses the line false positive
// rate = 1 - true positive rate.
double EqualErrorRate(const RankedScores& scores);
// The greatest true positive rate of a step whose false positive rate is at most `most_fpr`: what a threshold
// can really reach, without interpolation.
double TprAtFpr(const RankedScores& scores, double most_fpr);

// Mean of -log P(label), with scores clipped to [eps, 1 - eps], eps of double.
double LogLoss(const RankedScores& scores);
// Mean of (score - label)^2 (Brier 1950).
double BrierScore(const RankedScores& scores);
// Expected calibration error of P(fake) (Naeini et al. 2015). 0 to 1 is cut into `kCalibrationBins` equal
// bins. The error is the mean distance between a bin's mean score and its share of fakes, weighted by its
// number of videos.
double ExpectedCalibrationError(const RankedScores& scores);

constexpr int kCalibrationBins = 10;
struct CalibrationBin {
  double weight = 0, mean_score = 0, share_of_fakes = 0;  // the last two NaN where the bin is empty
};
std::vector<CalibrationBin> CalibrationBins(const RankedScores& scores);

// At a threshold: a score from there on counts as fake.
struct Confusion {
  double true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
};
Confusion ConfusionAt(const RankedScores& scores, double threshold);
double Accuracy(const RankedScores& scores, double threshold);
double Precision(const RankedScores& scores, double threshold);  // 0 where nothing is called fake
double Recall(const RankedScores& scores, double threshold);
double F1Score(const RankedScores& scores, double threshold);  // 0 where nothing is found

// The threshold with the greatest true minus false positive rate (Youden 1950); the least error rate apart at
// the equal error rate; the least threshold with a false positive rate of at most `most_fpr`. Each halfway to
// the next lower score, so that it does not stand on a score that it was chosen by. NaN where a class is
// missing.
double ThresholdOfYouden(const RankedScores& scores);
double ThresholdOfEqualErrorRate(const RankedScores& scores);
double ThresholdAtFpr(const RankedScores& scores, double most_fpr);

}  // namespace seam
