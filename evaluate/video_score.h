#pragma once

#include <optional>
#include <vector>

namespace seam {

// A person must be seen in as many frames to count, unless everybody is seen in fewer.
constexpr int kMinTrackFrames = 3;

double MeanOf(const std::vector<double>& scores);

// The score of a video from the frames' scores of each person in it: that of the most suspicious person,
// where a person's is the mean over the frames. A person of fewer than `min_track` frames does not count,
// unless all have fewer: then those count that have the most. None without any person.
std::optional<double> VideoScore(const std::vector<std::vector<double>>& people, int min_track);

}  // namespace seam
