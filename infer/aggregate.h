#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "extract/extract_faces.h"

namespace seam {

// The score of one face in one frame.
struct FrameScore {
  FrameStamp stamp;
  cv::Rect2f box;
  double score = 0;  // P(fake)
};

// The scores of each person in a video, in order of time, by number of the track.
using TrackScores = std::map<int, std::vector<FrameScore>>;

// The scores of each person, as VideoScore() (evaluate/video_score.h) takes them.
std::vector<std::vector<double>> ScoresOf(const TrackScores& tracks);

// "fake" from `threshold` on, else "real"; without a score "no_face", or "error" when the video was not
// readable.
std::string VerdictOf(const VideoSummary& summary, std::optional<double> score, double threshold);

}  // namespace seam
