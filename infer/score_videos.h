#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "extract/faces/extract_faces.h"
#include "infer/evidence.h"
#include "scores/aggregate.h"
#include "scores/verdict.h"

namespace seam {

class Ensemble;

struct ScoreOptions {
  int batch = 16;          // clips that go through the network at once, of one video or several
  bool unordered = false;  // results as they are ready, not in the order of the videos
  AggregateOptions aggregate;
  std::vector<AggregateOptions> aggregates = {};  // of each network, where they differ; empty: `aggregate`
  void Register(Options* options);
  void Check() const;
};

// What was found in one video.
struct VideoResult {
  ScoreRow row;                           // complete: score, verdict, and all that they rest on
  std::string hint;                       // what to do about the row's reason; may be empty
  cv::Size size;                          // of the first frame looked at
  std::vector<TurnFrom> turns;            // see VideoSummary
  std::vector<Evidence> evidence;         // the most suspicious faces, as VideoExtras ask
  std::string file_sha256;                // of the file; empty where nobody asked
  std::optional<Error> annotate_problem;  // why the annotated form could not be made
  std::string annotate_note;              // what of the video the annotated form lacks
  bool dropped = false;                   // cancelled before all of it was made
};

// What is done with each video besides scoring it.
struct VideoExtras {
  std::size_t evidence = 0;  // so many faces are kept; ExtractOptions::thumbnails then gives their frames
  // Called for inputs[i] when it is scored, on the thread that was at work on it, several at once.
  std::function<void(std::size_t i, VideoResult*)> finish = nullptr;
};

// Runs ExtractFaces() over the videos and scores the crops as they come; `done` gets the results in order
// (or not, see ScoreOptions), one at a time, judged by `rule`. extract.crop and extract.more_crops are those
// of Ensemble::views(). Of `inputs` path, label and note are known, and are those of the results. Clips of
// several videos share a batch. Memory holds the pictures of a batch, and of each face only its box and its
// score. Returns false when extract.cancel ended it: in order, `done` has then got the first results without
// a gap.
bool ScoreVideos(const std::vector<ScoreRow>& inputs, const ExtractOptions& extract,
                 const ScoreOptions& options, const VerdictRule& rule, const Ensemble& ensemble,
                 const std::function<void(std::size_t, VideoResult)>& done, const VideoExtras& extras = {});

}  // namespace seam
