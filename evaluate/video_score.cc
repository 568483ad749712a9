#include "evaluate/video_score.h"

#include <algorithm>
#include <numeric>

namespace seam {

double MeanOf(const std::vector<double>& scores) {
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

std::optional<double> VideoScore(const std::vector<std::vector<double>>& people, int min_track) {
  std::size_t longest = 0;
  for (const auto& scores : people) longest = std::max(longest, scores.size());
  const std::size_t least = std::min(longest, static_cast<std::size_t>(min_track));
  std::optional<double> greatest;
  for (const auto& scores : people) {
    if (scores.empty() || scores.size() < least) continue;
    greatest = std::max(greatest.value_or(0), MeanOf(scores));
  }
  return greatest;
}

}  // namespace seam
