#pragma once

#include <string>

#include "scores/aggregate.h"
#include "scores/verdict.h"

namespace seam {

// The scores of everybody in a video over time as an SVG element to stand in an HTML page. It has a line and
// a pattern of its own for each person, the threshold, and the band of "uncertain". Long videos are thinned
// out to their lowest and highest scores. `title` is read out instead of it.
std::string ScoreChart(const TrackScores& tracks, const VerdictRule& rule, const std::string& title);

// "1:02.3" of seconds; hours where there are any.
std::string ToClock(double seconds);

}  // namespace seam
