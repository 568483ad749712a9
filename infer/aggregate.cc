#include "infer/aggregate.h"

namespace seam {

std::vector<std::vector<double>> ScoresOf(const TrackScores& tracks) {
  std::vector<std::vector<double>> people;
  for (const auto& [track, frames] : tracks) {
    std::vector<double>& scores = people.emplace_back();
    for (const FrameScore& frame : frames) scores.push_back(frame.score);
  }
  return people;
}

std::string VerdictOf(const VideoSummary& summary, std::optional<double> score, double threshold) {
  if (score) return *score >= threshold ? "fake" : "real";
  return summary.status == "no_face" ? "no_face" : "error";
}

}  // namespace seam
