#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "evaluate/metrics.h"

namespace seam {

struct BootstrapOptions {
  int resamples = 2000;
  std::uint64_t seed = 1;
  double level = 0.95;  // of the interval
};

// From the percentiles (1 -+ level) / 2 of the resamples, linear between two; NaN where none can be had.
struct Interval {
  double low = 0, high = 0;
};

// The unit of chance is the video. `units[i]` is the video of score i, from 0 up to the number of videos. A
// resample draws as many videos of each label as there are, with replacement, each with all its scores. This
// is the stratified, clustered bootstrap of Efron and Tibshirani 1993, chapters 8 and 13. The same options
// and units give the same draws whatever the scores are. All scores of a unit have one label.
//
// Calls `measure` with each resample's weights by score, and returns its results.
std::vector<std::vector<double>> Bootstrap(
    std::span<const int> units, std::span<const int> labels, const BootstrapOptions& options,
    const std::function<std::vector<double>(std::span<const double> weights)>& measure);

// Of the results' `column`; those that are NaN are left out.
Interval FindInterval(const std::vector<std::vector<double>>& results, std::size_t column, double level);

// The p-value of a paired bootstrap of a difference: twice the smaller share of the results on one side of 0.
// The data itself counts once on both, so it is never 0.
double BootstrapPValue(const std::vector<std::vector<double>>& results, std::size_t column);

}  // namespace seam
