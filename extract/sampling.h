#pragma once

#include <cstdint>
#include <vector>

#include "base/options.h"
#include "extract/video_reader.h"

namespace seam {

struct SampleOptions {
  int frames = 32;  // evenly in time over the whole video
  int stride = 0;   // every K-th frame instead
  void Register(Options* options);
  // UsageError for numbers that make no sense.
  void Check() const;
};

// Which frames of one video are looked at, decided while it is decoded front to back.
class FrameSampler {
 public:
  // Every stride-th frame from the first on.
  static FrameSampler Stride(int stride);
  // `frames` frames evenly in time: the one on show in the middle of each of `frames` equal parts of the
  // video, whose frames are shown at `times` (ascending). All of them when it has no more.
  static FrameSampler Even(int frames, const std::vector<double>& times);
  // The same by number, for a video of `count` frames whose times are missing or jump.
  static FrameSampler EvenByIndex(int frames, std::int64_t count);

  // Whether the frame is wanted; to be asked for each frame in order. A wanted frame that cannot be decoded
  // is replaced by the next that can.
  bool Wants(const FrameStamp& stamp);
  // Whether no later frame is wanted.
  bool Finished() const;

 private:
  int stride_ = 0;
  bool by_index_ = false;
  std::vector<double> wanted_;  // seconds, or numbers of frames; ascending
  std::size_t next_ = 0;
};

}  // namespace seam
