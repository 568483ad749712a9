#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extract/media/input_file.h"
#include "extract/media/media_limits.h"
#include "extract/media/video_frame.h"
#include "extract/media/video_reader.h"

namespace seam {

// Where the frames of a VideoReader come from, whose methods these are: this process (video_reader.cc) or
// another one (decoder_pool.cc).
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual void ShowOnly(const VideoScan& scan, const std::vector<double>& wanted) = 0;
  virtual std::optional<FrameStamp> Next() = 0;
  virtual VideoFrame Frame() const = 0;
  virtual std::string damage() const = 0;
  virtual std::int64_t damaged_packets() const = 0;
  virtual std::int64_t damaged_frames() const = 0;
};

// Decodes in this process. Throws as VideoReader does.
std::unique_ptr<FrameSource> OpenHere(const FilePlace& place, const MediaLimits& limits, Deadline deadline);
VideoScan ScanHere(const FilePlace& place, const MediaLimits& limits, Deadline deadline);

// A video has more packets than this only to harm: their times are held in memory. 77 hours of 60 frames a
// second.
constexpr std::int64_t kMaxPackets = std::int64_t{1} << 24;

}  // namespace seam
