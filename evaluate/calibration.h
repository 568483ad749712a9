#pragma once

#include <span>
#include <string>
#include <vector>

#include "scores/calibration.h"

namespace seam {

// The temperatures that FitTemperature() looks at. Scores that all lie on the right side of 0.5 want the
// least possible one. Scores that tell nothing want an infinite one. Where one class has far more videos,
// scores may all lie on one side of 0.5. They then want one of these limits, however well they separate the
// classes.
constexpr double kMinTemperature = 0.05, kMaxTemperature = 20;
// Fewer videos of a class than these make thresholds and a band that mean little: one video is 5 % of them.
constexpr int kFewVideos = 20;
// The share of either class (of its weight) that may lie on the wrong side of the band.
constexpr double kBandError = 0.05;

// How much each video counts, so that one dataset of a thousand videos does not decide for all others. In
// each class a dataset of n videos counts n / (n + kFewVideos). A study counts so among several that differ,
// 1 / (within / n + between) (DerSimonian and Laird, "Meta-Analysis in Clinical Trials", 1986). kFewVideos is
// our guess of within / between. The weights of a class add up to the number of its videos. They are 1 where
// there is one dataset. `datasets`: equal numbers for videos of one dataset.
std::vector<double> DatasetWeights(std::span<const int> labels, std::span<const int> datasets);

// The temperature within the bounds above that minimises the log-loss of the calibrated probabilities (Guo et
// al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2). It is 1 where all scores are 0.5,
// which no temperature changes. Scores of both classes, none NaN. `weights`: how much each score counts.
// Empty: all alike.
double FitTemperature(std::span<const double> scores, std::span<const int> labels,
                      std::span<const double> weights = {});

// Of scores of both classes, none NaN. Below the band at most kBandError of the fakes are called real. Above
// it at most kBandError of the reals are called fake. Where the classes lie apart the band is the gap between
// them. The threshold at the equal error rate lies in it or at its end. `weights` as above.
Calibration Calibrate(std::span<const double> scores, std::span<const int> labels,
                      std::span<const double> weights = {});

// What limits it, a clause for each thing joined by "; ", or "": "12 real videos are few (below 20)".
std::string DescribeCaveats(const Calibration& calibration);

}  // namespace seam
