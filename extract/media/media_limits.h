#pragma once

#include <chrono>
#include <cstdint>

#include "base/cancel.h"
#include "base/options.h"

namespace seam {

// What one file may ask for. Videos come from anywhere; a limit that is passed makes a file unreadable and
// stops nothing else.
struct MediaLimits {
  std::int64_t max_pixels = std::int64_t{1} << 26;  // of one frame
  int max_streams = 64;
  std::int64_t probe_bytes = 5'000'000;  // read at most to find out what a file is and holds
  double max_duration = 86400;           // seconds, by the file's own word; 0: any
  double max_seconds = 1800;             // of work on one video; 0: any
  void Register(Options* options);
  void Check() const;
};

// When the work on a video has to end: after a time, or when the run it belongs to is cancelled.
class Deadline {
 public:
  Deadline() = default;  // never
  // `seconds` from now; 0: never.
  explicit Deadline(double seconds, CancelToken cancel = {});
  bool Passed() const;  // the time
  bool Stopped() const { return Passed() || cancel_.Cancelled(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_ = Clock::time_point::max();
  CancelToken cancel_;
};

}  // namespace seam
