#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "base/cancel.h"
#include "base/options.h"
#include "extract/faces/clip_builder.h"
#include "extract/faces/crop.h"
#include "extract/faces/dense_landmarks.h"
#include "extract/faces/detectors.h"
#include "extract/faces/face_detector.h"
#include "extract/faces/frame_sampling.h"
#include "extract/media/media_limits.h"
#include "extract/media/video_frame.h"
#include "labels/perturbation.h"
#include "labels/video_facts.h"
#include "proto/clip.pb.h"

namespace seam {

// From videos to clips of faces: decode, sample, detect, track, crop. Training data and inference come this
// one way.

// Whose faces are wanted.
struct FaceChoice {
  // "largest": the person whose boxes take the most area, over all clips of the video; "centre": whose boxes,
  // summed over the frames, are nearest to the pictures' middle, which is whom a photograph cut out around a
  // face is of; or "all".
  std::string faces = "largest";
  int min_face = 0;  // pixels; smaller faces are passed over
  void Register(Options* options);
  void Check() const;
};

// What faces are found with. Takes long to make; any number of calls share one, each on any thread.
struct FaceTools {
  // An Error where weights are missing.
  FaceTools(const DetectorOptions& detector, const LandmarkOptions& landmark_options);

  Detectors detectors;
  std::optional<LandmarkPredictor> landmarks;  // where they are wanted
};

struct ExtractOptions {
  SampleOptions sample;
  DetectorOptions detector;
  FaceChoice choice;
  CropOptions crop;
  std::vector<CropOptions> more_crops;  // every face is cut out in these ways, too; not registered here
  LandmarkOptions landmarks;
  MediaLimits media;
  Perturbation perturb;     // what is done to every video before faces are looked for; not registered here
  int jobs = 0;             // threads at work in this call, as far as TBB has them; 0: one per core
  bool thumbnails = false;  // FaceFrame::thumbnail is wanted: nearly always the picture that faces were
                            // looked for in, which costs nothing but its memory
  std::shared_ptr<FaceTools> tools;  // made for `detector` and `landmarks`; none: each call makes its own
  CancelToken cancel;                // ends the call early
  void Register(Options* options);
  void Check() const;
  // Whether pictures are cut into tiles, each of which has a track of its own; all are kept.
  bool TakesTiles() const;
  // What a clip and a checkpoint record of all this. Its encoding is left for the writer of the clips.
  CropSpec Spec() const;
};

// Where the faces of a video are, told by another one of the same footage.
struct KnownFaces {
  std::string video;  // the other one's id
  cv::Size size;      // of its frames; in frames of another size the boxes mean nothing
  // The clips to make, in order of time. Of each frame its number, the face and whether it was interpolated.
  std::vector<FaceClip> clips;
};

// A video to run through.
struct VideoTask {
  std::filesystem::path path;
  double more = 1;  // so many times the frames or windows that the options say
  // The faces, if they are known: then none are looked for, and the clips are made of the same frames.
  std::function<std::optional<KnownFaces>()> known = nullptr;
};

// From a time on every frame is turned so, beyond what the file asks for.
struct TurnFrom {
  double seconds = 0;
  Orientation turn;
};

// At a time of the video; `turns` in order of time.
Orientation TurnAt(const std::vector<TurnFrom>& turns, double seconds);

// What became of a video.
struct VideoSummary : VideoFacts {
  std::string hint;             // what to do about the reason; may be empty
  int main_track = -1;          // of the person in "largest" or "centre"; with "all" as "largest"; -1: nobody
  std::vector<int> kept;        // the tracks that --faces asks for: clips of others are to be dropped
  cv::Size size;                // of the first frame looked at
  std::vector<TurnFrom> turns;  // done to the frames before faces were looked for; none: they stand upright
  std::string boxes_from;       // the video that told the faces; empty: none did
};

// Takes the clips of one video, from one thread at a time: Add() in order of time, then Finish() with what
// became of the video, unless the call was cancelled in its middle.
class ClipSink {
 public:
  virtual ~ClipSink() = default;
  virtual void Add(FaceClip clip) = 0;
  virtual void Finish(const VideoSummary& summary) = 0;
};

// When results of videos are reported: in the order of the videos, or as they are ready.
enum class ReportOrder : std::uint8_t { kAsGiven, kAsReady };

// Runs every video through, several at once, in bounded memory (see ClipBuilder): a picture is dropped as
// soon as its crops are made, and those when their clip has gone to the sink. `make_sink(i)` makes the sink
// of videos[i], on any thread; `done(i, ...)` gets it back when the video has ended, one at a time, in the
// order asked for. Videos that fail are summaries, not exceptions; what a sink or `done` throws stops
// everything and comes out here. Returns false when cancelled before every video had ended. Calls may run
// side by side, and each is a guest of its own in TBB's threads. OpenCV should be told to use one thread
// (ProcessThreads).
bool ExtractFaces(
    const std::vector<VideoTask>& videos, const ExtractOptions& options,
    const std::function<std::unique_ptr<ClipSink>(std::size_t)>& make_sink,
    const std::function<void(std::size_t, const VideoSummary&, std::unique_ptr<ClipSink>)>& done,
    ReportOrder order = ReportOrder::kAsGiven);

}  // namespace seam
