#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "infer/ensemble.h"
#include "infer/score_videos.h"
#include "infer/settings.h"
#include "scores/verdict.h"

namespace seam {

// What is to be scored, and how. Engine::Prepare() makes it; what it says may be changed before it is scored.
struct ScoreRequest {
  std::shared_ptr<const Ensemble> networks;
  ExtractOptions extract;  // without tools and token, which Engine::Score() sets
  ScoreOptions score;
  VerdictRule rule;
  std::vector<std::string> notes;  // what the options force, ListNotes(); for the rows
  std::vector<ScoreRow> inputs;    // path, and label and note where they are known
};

// What many requests to score videos share: networks and face detectors, each loaded once, at the first
// request that needs it, and kept. `seam infer` is one request; a server makes one Engine and calls it from
// any number of threads.
//
//   Engine engine;                                          // once
//   InferSettings settings; settings.Register(&options);    // for each request: the options of `seam infer`
//   options.Parse({"--frames=16"}); settings.Check();
//   ScoreRequest request = engine.Prepare(settings, options);
//   request.inputs.emplace_back().path = "upload.mp4";
//   CancelSource source(server_token, Clock::now() + std::chrono::seconds(30));
//   const CancelReason end = engine.Score(request, source.token(), [&](std::size_t, VideoResult result) { ...
//   });
//
// It prints nothing, reads no global, and sets nothing of the process: a program limits its threads itself
// (ProcessThreads). A request has ExtractOptions::jobs threads at most, of TBB's, which all requests share.
// So a server that runs N at once should give each a part of the cores by --jobs. All methods may be called
// from any thread. The set of threads should be bounded: a detector is kept for each that ever looked for
// faces.
class Engine {
 public:
  // `torch` may be null where only the CPU computes and nobody asks for heat maps.
  explicit Engine(const CompileOptions& compile = {}, const TorchParts* torch = nullptr);
  ~Engine();

  // The network of a checkpoint, Seam's own where the path is empty. A file that changes later is not read
  // again. Throws as Predictor() does; the next call tries again.
  std::shared_ptr<const Predictor> Network(const std::filesystem::path& checkpoint = {});
  // What `--model` names: a checkpoint, an ensemble's file, or several checkpoints joined by ",". Checkpoints
  // are shared with Network(). Throws as Ensemble() does, too.
  std::shared_ptr<const Ensemble> Networks(const std::string& model = "");
  // The same for what finds faces. Throws where weights are missing.
  std::shared_ptr<FaceTools> Faces(const DetectorOptions& detector, const LandmarkOptions& landmarks = {});

  // From the options of `seam infer`, without its inputs; what they say of outputs and of how the network
  // computes is not looked at. A UsageError tells what a client did wrong.
  ScoreRequest Prepare(const InferSettings& settings, const Options& options);

  // As ScoreVideos(): `done` gets the results one at a time, complete with verdict, on any thread. Returns
  // kNone when all inputs have theirs, otherwise why it ended early; some inputs then have theirs, and none
  // is half done. A video that cannot be read is a result with a status, not an exception. What `done` throws
  // comes out here and ends this request alone.
  CancelReason Score(const ScoreRequest& request, const CancelToken& cancel,
                     const std::function<void(std::size_t, VideoResult)>& done,
                     const VideoExtras& extras = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
