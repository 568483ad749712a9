#pragma once

#include <span>
#include <string>
#include <vector>

#include "scores/calibration.h"

namespace seam {

// The temperatures that FitTemperature() looks at. Scores that lie on the right side of 0.5, all of them,
// want the least possible one, and scores that tell nothing an endless one. Where one class has far more
// videos, scores that all lie on one side of 0.5 want one or the other, however well they tell the classes
// apart.
constexpr double kMinTemperature = 0.05, kMaxTemperature = 20;
// Fewer videos of a class than these make thresholds and a band that mean little: one video is 5 % of them.
constexpr int kFewVideos = 20;
// The share of either class (of its weight) that may lie on the wrong side of the band.
constexpr double kBandError = 0.05;

// How much each video counts, so that a dataset of a thousand does not alone decide how those of another kind
// are read: of each class a dataset of n videos counts n / (n + kFewVideos). That is what a study counts
// among several that differ, 1 / (within / n + between) (DerSimonian and Laird, "Meta-Analysis in Clinical
// Trials", 1986), where kFewVideos is our guess of within / between. A class's weights add up to its videos;
// they are 1 where there is one dataset. `datasets`: equal numbers for videos of one dataset.
std::vector<double> DatasetWeights(std::span<const int> labels, std::span<const int> datasets);

// The temperature that makes the log-loss of the calibrated probabilities the least (Guo et al., "On
// Calibration of Modern Neural Networks", ICML 2017, section 4.2), within the bounds above; 1 where all
// scores are 0.5, which none can change. Scores of both classes, none NaN. `weights`: how much each counts;
// empty: alike.
double FitTemperature(std::span<const double> scores, std::span<const int> labels,
                      std::span<const double> weights = {});

// Of scores of both classes, none NaN. The band runs from the least score below which more than kBandError of
// the fakes would be called real to the one from which on more than that of the reals would be called fake:
// above it and below it no more of either class are on the wrong side. Where the classes lie apart it is the
// gap between them. The threshold at the equal error rate lies in it or at its end. `weights` as above.
Calibration Calibrate(std::span<const double> scores, std::span<const int> labels,
                      std::span<const double> weights = {});

// What limits it, a clause for each thing joined by "; ", or "": "12 real videos are few (below 20)".
std::string CaveatsOf(const Calibration& calibration);

}  // namespace seam
