#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/options.h"

namespace seam {

class DecoderPool;

// What one file may ask for. Videos come from anywhere; a limit that is passed makes a file unreadable and
// stops nothing else.
struct MediaLimits {
  std::int64_t max_pixels = std::int64_t{1} << 26;  // of one frame
  int max_streams = 64;
  std::int64_t probe_bytes = 5'000'000;  // read at most to find out what a file is and holds
  double max_duration = 86400;           // seconds, by the file's own word; 0: any
  double max_seconds = 1800;             // of work on one video; 0: any
  // Where files are decoded: "strict", a process in a sandbox; "process", one that only has limits; "none",
  // this process.
  std::string isolation = "strict";
  int max_memory = 4096;    // MiB that such a process may take; 0: any
  double max_silence = 60;  // seconds without a sign of life after which such a process is given up
  // Such processes, to be used again; none: every reader starts one of its own.
  std::shared_ptr<DecoderPool> decoders;

  void Register(Options* options);
  void Check() const;
};

// When the work on a video has to end: after a time, or when the run it belongs to is cancelled.
class Deadline {
 public:
  Deadline() = default;  // never
  // `seconds` from now; 0: never.
  explicit Deadline(double seconds, CancelToken cancel = {});
  // Never, and counts how often it was asked: whoever asks is alive.
  explicit Deadline(std::atomic<std::uint64_t>* asked) : asked_(asked) {}
  bool Passed() const;  // the time
  bool Stopped() const {
    if (asked_ != nullptr) ++*asked_;
    return Passed() || cancel_.Cancelled();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_ = Clock::time_point::max();
  CancelToken cancel_;
  std::atomic<std::uint64_t>* asked_ = nullptr;
};

}  // namespace seam
