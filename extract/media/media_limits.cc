#include "extract/media/media_limits.h"

#include <utility>

#include "base/error.h"

namespace seam {

void MediaLimits::Register(Options* options) {
  options->Add("max-pixels", &max_pixels, "a frame with more pixels is not decoded");
  options->Add("max-streams", &max_streams, "a file with more streams is not read");
  options->Add("probe-size", &probe_bytes, "bytes that are read to find out what a file is and holds");
  options->Add("max-duration", &max_duration,
               "a file that says it lasts longer (seconds) is not read (0: any)");
  options->Add("max-seconds", &max_seconds, "seconds of work after which a video is given up (0: any)");
}

void MediaLimits::Check() const {
  if (max_pixels < 1) throw UsageError("--max-pixels", "must be at least 1");
  if (max_streams < 1) throw UsageError("--max-streams", "must be at least 1");
  constexpr std::int64_t kLeastProbe = 4096, kMostProbe = std::int64_t{1} << 30;
  if (probe_bytes < kLeastProbe || probe_bytes > kMostProbe) {
    throw UsageError("--probe-size", "must be from 4096 to 1073741824");
  }
  if (max_duration < 0) throw UsageError("--max-duration", "must not be negative", "0 means any");
  if (max_seconds < 0) throw UsageError("--max-seconds", "must not be negative", "0 means any");
}

Deadline::Deadline(double seconds, CancelToken cancel) : cancel_(std::move(cancel)) {
  constexpr double kFarAway = 1e9;  // 30 years: beyond it the clock's own numbers end
  if (seconds <= 0 || seconds > kFarAway) return;
  end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

bool Deadline::Passed() const { return end_ != Clock::time_point::max() && Clock::now() >= end_; }

}  // namespace seam
