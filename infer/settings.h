#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/options.h"
#include "extract/faces/extract_faces.h"
#include "infer/ensemble.h"
#include "infer/report.h"
#include "infer/score_page.h"
#include "infer/score_videos.h"
#include "scores/verdict.h"

namespace seam {

// The frames that are looked at. A network of single frames takes some evenly over the video; one of windows
// takes windows, whose length and step are the checkpoint's.
struct LookOptions {
  int frames = 32;  // about so many in each video
  int stride = 0;   // every K-th frame instead; single frames only
  int windows = 0;  // so many, evenly in time; 0: as many as hold about `frames`, and at least kFewestWindows
  int window_stride = 0;  // windows begin so many frames apart, over the whole video; 0: see `windows`
  int detect_every = 1;   // see SampleOptions
  void Register(Options* options);
  // UsageError when the user gave options that exclude each other, or the network.
  void CheckFor(const Ensemble& ensemble, const Options& options) const;
  SampleOptions For(const Ensemble& ensemble, const Options& options) const;
};
constexpr int kFewestWindows = 4;

// Every option of `seam infer`.
struct InferSettings {
  std::vector<std::string> inputs;
  std::string model, threshold, fail_on, perturb;
  std::string label_prefix;
  bool label_folders = false, recursive = true, resume = false;
  int jobs = 0;
  double overlap = 0;  // of the tiles of whole pictures
  LookOptions look;
  DetectorOptions detector;
  FaceChoice choice = {.faces = "all", .min_face = 0};
  MediaLimits media;
  ScoreOptions score;
  CompileOptions compile;
  ReportOptions report;
  PageOptions page;
  void Register(Options* options);
  // Those alone that scores and verdicts depend on, and how fast they come: for requests to an Engine.
  void RegisterScoring(Options* options);
  void Check() const;
  // The verdicts of --fail-on.
  std::vector<Verdict> FailOn() const;
};

// How faces are found and cut out: as the checkpoint's training data was, but for what the user forces.
ExtractOptions ExtractionFor(const Ensemble& ensemble, const InferSettings& settings, const Options& options);

// How the scores of frames become one of a video. For each network that is as the user says, or else as it
// was stored (models/zoo/stored_aggregate.h), or else the usual way. An Error where that is unknown.
std::vector<AggregateOptions> AggregatesFor(const Ensemble& ensemble, const InferSettings& settings,
                                            const Options& options);

// Where the user made a run differ from what the checkpoint was trained, and its threshold fitted, on: a line
// each, told in every output.
std::vector<std::string> ListNotes(const Ensemble& ensemble, const ExtractOptions& extract,
                                   const std::vector<AggregateOptions>& aggregates);

// Everything that scores and verdicts depend on besides the inputs: kept beside a score file, and compared on
// --resume.
nlohmann::ordered_json MakeRecord(const Ensemble& ensemble, const ExtractOptions& extract,
                                  const InferSettings& settings,
                                  const std::vector<AggregateOptions>& aggregates, const VerdictRule& rule);

}  // namespace seam
