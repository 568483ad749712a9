#pragma once

#include <functional>
#include <vector>

#include "evaluate/video_score.h"
#include "extract/extract_faces.h"
#include "infer/aggregate.h"
#include "infer/predictor.h"

namespace seam {

struct ScoreOptions {
  int batch = 16;                   // crops that go through the network at once
  int min_track = kMinTrackFrames;  // see VideoScore()
  void Register(Options* options);
  void Check() const;
};

// What was found in one video.
struct VideoResult {
  VideoSummary summary;
  TrackScores tracks;
};

// Runs ExtractFaces() over the videos and scores the crops as they come; `done` gets the results in order.
// Memory holds the pictures of a batch for each video in work, and of each face only its score. Returns false
// when interrupted.
bool ScoreVideos(const std::vector<std::filesystem::path>& videos, const ExtractOptions& extract,
                 const ScoreOptions& options, const Predictor& predictor,
                 const std::function<void(std::size_t, VideoResult)>& done);

}  // namespace seam
