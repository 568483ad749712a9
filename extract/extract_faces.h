#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "base/options.h"
#include "extract/crop.h"
#include "extract/face_detector.h"
#include "extract/media_limits.h"
#include "extract/sampling.h"
#include "proto/clip.pb.h"

namespace seam {

// From videos to face crops: decode, sample, detect, track, crop. Training data and inference come this one
// way.

struct ExtractOptions {
  SampleOptions sample;
  DetectorOptions detector;
  CropOptions crop;
  MediaLimits media;
  int jobs = 0;  // threads at work; 0: one per core
  void Register(Options* options);
  void Check() const;
  // What a clip and a checkpoint record of all this. Its encoding is left for the writer of the clips.
  CropSpec Spec() const;
};

struct FaceCrop {
  int track = 0;  // number of the person in the video, from 0
  FrameStamp stamp;
  Face face;
  cv::Mat picture;  // RGB [size, size, 3]
};

// What became of a video.
struct VideoSummary {
  // "ok"; "damaged": part of the file could not be decoded, the rest is there; "no_face"; "unreadable";
  // "timeout": given up for MediaLimits::max_seconds.
  std::string status;
  std::string reason;  // why not ok, one line
  std::string hint;    // what to do about it; may be empty
  std::int64_t frames_decoded = 0;
  std::int64_t damaged = 0;  // packets and frames
  int frames = 0;            // looked at
  int faces = 0;             // found in them
  int tracks = 0;            // people followed
  double seconds = 0;        // between the first and the last frame looked at
};

// Whether a file of this status is among the failed ones: told as an error, and the exit status is 3.
bool IsFailure(const std::string& status);

// Takes the crops of one video, from one thread at a time: Add() in order of time, then Finish() with what
// became of the video, unless the user interrupted it. After a "timeout" what was added is to be dropped: how
// much it is depends on the machine's speed.
class CropSink {
 public:
  virtual ~CropSink() = default;
  virtual void Add(FaceCrop crop) = 0;
  virtual void Finish(const VideoSummary& summary) = 0;
};

// Runs every video through, several at once, in bounded memory: a picture is dropped as soon as its crops
// have gone to the sink. `make_sink(i)` makes the sink of videos[i], on any thread; `done(i, ...)` gets it
// back when the video has ended, in order of i, one at a time. Videos that fail are summaries, not
// exceptions; what a sink or `done` throws stops everything and comes out here. Returns false when the user
// interrupted before every video had ended.
bool ExtractFaces(
    const std::vector<std::filesystem::path>& videos, const ExtractOptions& options,
    const std::function<std::unique_ptr<CropSink>(std::size_t)>& make_sink,
    const std::function<void(std::size_t, const VideoSummary&, std::unique_ptr<CropSink>)>& done);

}  // namespace seam
