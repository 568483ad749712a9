#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "extract/faces/extract_faces.h"
#include "infer/aggregate.h"
#include "infer/evidence.h"

namespace seam {

class Predictor;

struct ScoreOptions {
  int batch = 16;          // clips that go through the network at once, of one video or several
  bool unordered = false;  // results as they are ready, not in the order of the videos
  AggregateOptions aggregate;
  void Register(Options* options);
  void Check() const;
};

// What was found in one video.
struct VideoResult {
  VideoSummary summary;
  TrackScores tracks;
  std::optional<double> score;            // the video's: P(fake), none where nothing could be scored
  std::optional<double> probability;      // calibrated, where the checkpoint can tell
  std::string verdict;                    // "fake", "real", "uncertain", "no_face", "error"
  std::vector<Evidence> evidence;         // the most suspicious faces, as VideoExtras ask
  std::string file_sha256;                // of the file; empty where nobody asked
  std::optional<Error> annotate_problem;  // why the annotated form could not be made
  std::string annotate_note;              // what of the video the annotated form lacks
  bool dropped = false;                   // the user interrupted before all of it was made
};

// What is done with each video besides scoring it.
struct VideoExtras {
  std::size_t evidence = 0;  // so many faces are kept; ExtractOptions::thumbnails then gives their frames
  // Called for videos[i] when it is scored, on the thread that was at work on it, several at once.
  std::function<void(std::size_t i, VideoResult*)> finish = nullptr;
};

// Runs ExtractFaces() over the videos and scores the crops as they come; `done` gets the results in order
// (or not, see ScoreOptions), one at a time, without verdict and probability. Clips of several videos share a
// batch. Memory holds the pictures of a batch, and of each face only its place and its score. Returns false
// when interrupted: in order, `done` has then got the first results without a gap.
bool ScoreVideos(const std::vector<std::filesystem::path>& videos, const ExtractOptions& extract,
                 const ScoreOptions& options, const Predictor& predictor,
                 const std::function<void(std::size_t, VideoResult)>& done, const VideoExtras& extras = {});

}  // namespace seam
