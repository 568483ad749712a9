#include "infer/aggregate.h"

#include <algorithm>
#include <numeric>

namespace seam {

double MeanScore(const std::vector<FrameScore>& frames) {
  const double sum =
      std::accumulate(frames.begin(), frames.end(), 0.0,
                      [](double total, const FrameScore& frame) { return total + frame.score; });
  return sum / static_cast<double>(frames.size());
}

std::optional<double> VideoScore(const TrackScores& tracks, int min_track) {
  std::size_t longest = 0;
  for (const auto& [track, frames] : tracks) longest = std::max(longest, frames.size());
  const std::size_t least = std::min(longest, static_cast<std::size_t>(min_track));
  std::optional<double> greatest;
  for (const auto& [track, frames] : tracks) {
    if (frames.size() < least) continue;
    const double mean = MeanScore(frames);
    greatest = greatest ? std::max(*greatest, mean) : mean;
  }
  return greatest;
}

std::string VerdictOf(const VideoSummary& summary, std::optional<double> score, double threshold) {
  if (score) return *score >= threshold ? "fake" : "real";
  return summary.status == "no_face" ? "no_face" : "error";
}

}  // namespace seam
