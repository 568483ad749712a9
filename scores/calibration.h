#pragma once

namespace seam {

// How the scores of whole videos are to be read: fitted on `val` alone after training
// (evaluate/calibration.h), kept in the checkpoint, applied by MakeVerdictRule().
struct Calibration {
  // The calibrated probability is sigmoid(logit(score) / temperature): Guo et al., "On Calibration of Modern
  // Neural Networks", ICML 2017, section 4.2.
  double temperature = 1;
  double threshold_eer = 0.5;   // at the equal error rate
  double threshold_fpr1 = 0.5;  // the least with a false positive rate of at most 1 %
  // A score from band_low up to, but not including, band_high is "uncertain".
  double band_low = 0.5, band_high = 0.5;
  int real = 0, fake = 0;  // the videos it was fitted on
  bool operator==(const Calibration&) const = default;
};

// log(score / (1 - score)); scores are clipped to [eps, 1 - eps], eps of double, as in LogLoss().
double Logit(double score);
double Sigmoid(double logit);

// The calibrated probability of fake.
double CalibratedProbability(double score, double temperature);

}  // namespace seam
