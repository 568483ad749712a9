#include "extract/media/media_limits.h"

#include <utility>

#include "base/error.h"

namespace seam {

void MediaLimits::Register(Options* options) {
  options->Add("max-pixels", &max_pixels, "a frame with more pixels is not decoded", AtLeast(1));
  options->Add("max-streams", &max_streams, "a file with more streams is not read", AtLeast(1));
  options->Add("probe-size", &probe_bytes, "bytes that are read to find out what a file is and holds",
               Between(4096, 1 << 30));
  options->Add("max-duration", &max_duration,
               "a file that says it lasts longer (seconds) is not read (0: any)", AtLeast(0));
  options->Add("max-seconds", &max_seconds, "seconds of work after which a video is given up (0: any)",
               AtLeast(0));
  options->Add("isolation", &isolation,
               "where files are decoded: in a process in a sandbox, in a process, or in this one",
               {"strict", "process", "none"});
  options->Add("max-memory", &max_memory, "MiB that the process that decodes a file may take (0: any)",
               AtLeast(0));
}

void MediaLimits::Check() const { CheckDeclared(*this); }

Deadline::Deadline(double seconds, CancelToken cancel) : cancel_(std::move(cancel)) {
  constexpr double kFarAway = 1e9;  // 30 years: beyond it the clock's own numbers end
  if (seconds <= 0 || seconds > kFarAway) return;
  end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

bool Deadline::Passed() const { return end_ != Clock::time_point::max() && Clock::now() >= end_; }

}  // namespace seam
