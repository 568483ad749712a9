#pragma once

#include <optional>
#include <string>

#include "scores/aggregate.h"
#include "scores/calibration.h"
#include "scores/fusion.h"
#include "scores/score_row.h"

namespace seam {

// How a video's score becomes a verdict.
struct VerdictRule {
  double threshold = 0.5;              // a score from here on is called fake
  std::string source;                  // of the threshold, for people: "the checkpoint's"
  double band_low = 0, band_high = 0;  // [low, high) is "uncertain"; empty when equal
  double temperature = 1;              // see Calibration
  bool calibrated = false;             // without it there are no probabilities
  bool HasBand() const { return band_low < band_high; }
};

// `stored`: the checkpoint's own threshold. `threshold` is a number from 0 to 1, which leaves no room for
// "uncertain"; "eer" or "fpr1", which the calibration must hold; or empty for the stored one. The band stays
// where the threshold lies in it. UsageError for anything else.
VerdictRule MakeVerdictRule(double stored, const std::optional<Calibration>& calibration,
                            const std::string& threshold = "");

// The calibrated probability of fake, where the checkpoint can tell.
std::optional<double> ToProbability(const VerdictRule& rule, std::optional<double> score);

// Of a score: uncertain in the band, fake from the threshold on, else real.
Verdict DecideVerdict(const VerdictRule& rule, double score);
// Of one person in a judged row; none for one who does not count.
std::optional<Verdict> DecideVerdict(const VerdictRule& rule, const ScoreRow& row, const TrackScore& track);

// The shorter side of a face, in pixels, below which it is told to be very small: the network sees it blown
// up several times.
constexpr int kVerySmallFace = 40;

// Completes a row whose facts and people are there: the scores of the people and of the video, probability,
// threshold, verdict, and the cautions that follow from them. The verdict:
//
//   uncertain  the score lies in the band; or nobody was seen in `min_track` frames although at least as many
//              were looked at, since a detector's single mistake must decide nothing
//   fake/real  otherwise, by the threshold
//   no_face    no score, and nobody was seen (throughout a window)
//   error      no score, and the input was not readable, was given up, or was too short
void Judge(const VerdictRule& rule, const AggregateOptions& aggregate, ScoreRow* row);
// The same of a row that several networks have scored.
void Judge(const VerdictRule& rule, const Fusion& fusion, ScoreRow* row);

}  // namespace seam
