#pragma once

#include <optional>
#include <string>

#include "extract/faces/extract_faces.h"

namespace seam {

struct CheckpointInfo;

// How a video's score becomes an answer.
struct VerdictRule {
  double threshold = 0.5;              // a score from here on is called fake
  std::string source;                  // of the threshold, for people: "the checkpoint's"
  double band_low = 0, band_high = 0;  // [low, high) is "uncertain"; empty when equal
  double temperature = 1;              // see Calibration
  bool calibrated = false;             // without it there are no probabilities
  bool HasBand() const { return band_low < band_high; }
};

// `threshold` is a number from 0 to 1, which leaves no room for "uncertain"; "eer" or "fpr1", which the
// checkpoint must hold; or empty for the checkpoint's own. The checkpoint's band stays where the threshold
// lies in it. UsageError for anything else.
VerdictRule MakeVerdictRule(const CheckpointInfo& info, const std::string& threshold);

// The calibrated probability of fake, where the checkpoint can tell.
std::optional<double> ProbabilityOf(const VerdictRule& rule, std::optional<double> score);

// "uncertain" in the band, "fake" from the threshold on, else "real". Without a score "no_face" when nobody
// was seen (long enough), and "error" when the video was not readable or too short.
std::string VerdictOf(const VerdictRule& rule, const VideoSummary& summary, std::optional<double> score);

}  // namespace seam
