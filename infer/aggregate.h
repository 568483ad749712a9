#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "evaluate/video_score.h"
#include "extract/faces/extract_faces.h"

namespace seam {

// One person's face in one frame.
struct SeenFace {
  FrameStamp stamp;
  cv::Rect2f box;             // in the upright frame, which it may overhang
  bool interpolated = false;  // see FaceFrame
  cv::Size frame_size = {};   // of that frame; empty: the same as all others
};

// What the network said once: of a single frame, or of a window of T frames.
struct ClipScore {
  std::vector<SeenFace> faces;  // T of them, in order of time
  double score = 0;             // P(fake)
};

// One person in a video.
struct TrackScore {
  std::vector<ClipScore> clips;  // in order of time
  double score = 0;              // of them all, as AggregateOptions say
  bool counts = true;            // long enough to decide the video's score

  const FrameStamp& first() const { return clips.front().faces.front().stamp; }
  const FrameStamp& last() const { return clips.back().faces.back().stamp; }
};

// By number of the track.
using TrackScores = std::map<int, TrackScore>;

// How scores of frames (or windows) become those of people and of the video.
struct AggregateOptions {
  std::string aggregate = "mean";   // mean, median, top-k, max
  int top_k = 8;                    // top-k: the mean of so many of the greatest scores
  int min_track = kMinTrackFrames;  // frames that a person must be seen in to count, see VideoScore()
  void Register(Options* options);
  void Check() const;
  // "mean", "top-8": for people and files.
  std::string Name() const;
};

// One score of many, which must not be empty.
double Aggregate(std::vector<double> scores, const AggregateOptions& options);

// Fills in `score` and `counts` of each track, and returns the score of the video: the greatest of those that
// count. A person seen in fewer than `min_track` frames does not count, unless all are: then those count that
// are seen in the most. None without any person. With the mean of single frames this is VideoScore().
std::optional<double> ScoreTracks(const AggregateOptions& options, TrackScores* tracks);

}  // namespace seam
