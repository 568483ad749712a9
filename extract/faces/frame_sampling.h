#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/options.h"
#include "extract/media/video_reader.h"

namespace seam {

struct SampleOptions {
  int frames = 32;  // evenly in time over the whole video
  int stride = 0;   // every K-th frame instead
  // Windows instead, where `window` is not 0: `windows` of them, evenly in time, each of `window` frames that
  // lie `window_stride` apart.
  int window = 0, windows = 8, window_stride = 1;
  // Windows begin so many frames apart over the whole video instead, where this is not 0; they may overlap.
  // For inference: no option of Register()'s.
  int window_hop = 0;
  // In a window faces are looked for in its first frame, every so many from there, and the last; in between
  // they lie between those found.
  int detect_every = 1;
  void Register(Options* options);
  // UsageError for numbers that make no sense.
  void Check() const;
  // UsageError when the user gave options that exclude each other.
  static void CheckTogether(const Options& options);

  // Frames of a clip: T.
  int ClipFrames() const { return window > 0 ? window : 1; }
  // From the first frame of a window to behind its last.
  std::int64_t WindowSpan() const { return std::int64_t{ClipFrames() - 1} * window_stride + 1; }
  // Into how many sets of windows that do not overlap all of them fall.
  int WindowSets() const;
  // The same with `factor` times as many frames or windows, for a factor of 1 and more.
  SampleOptions Times(double factor) const;
};

// What a frame is wanted for: the position in a window, both from 0. A single frame is a window of one.
struct FrameSlot {
  std::int64_t window = 0;
  int position = 0;
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
  // The windows that `options` asks for. The video is cut into as many equal parts, and each window lies
  // around the frame on show in the middle of its part. A window that would reach out of the video or into
  // its neighbour is moved: windows never overlap. A video with room for fewer gives as many as fit. `times`
  // strictly ascend. With `window_hop` the set of this number, see SampleOptions::WindowSets(), of the
  // windows that begin so many frames apart: set + sets * n is the number of its n-th window among all.
  static FrameSampler Windows(const SampleOptions& options, const std::vector<double>& times, int set = 0);
  static FrameSampler WindowsByIndex(const SampleOptions& options, std::int64_t count, int set = 0);
  // The frames with these numbers (ascending), `length` to a window.
  static FrameSampler At(const std::vector<std::int64_t>& numbers, int length);

  // What the frame is wanted for; to be asked for each frame in order. A wanted frame that cannot be decoded
  // is replaced by the next that can; in a window the position before that one then stays empty.
  std::optional<FrameSlot> Wants(const FrameStamp& stamp);
  // Whether no later frame is wanted.
  bool Finished() const;
  // How many windows are wanted (single frames: of one each); 0 with Stride().
  std::int64_t windows() const { return static_cast<std::int64_t>(wanted_.size()) / length_; }

 private:
  int stride_ = 0;
  int length_ = 1;  // of a window
  bool by_index_ = false;
  std::vector<double> wanted_;  // seconds, or numbers of frames; ascending
  std::size_t next_ = 0;
};

}  // namespace seam
