#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extract/media/decode_plan.h"
#include "extract/media/media_limits.h"
#include "extract/media/video_frame.h"

namespace seam {

class FrameSource;

// The position of a frame in its video.
struct FrameStamp {
  std::int64_t index = 0;  // in order of presentation, from 0
  double pts_seconds = 0;  // the stream's own time, which need not begin at 0
};

// What the packets of a video tell without decoding it.
struct VideoScan {
  // When the frames are shown, in seconds, ascending: what a header says of a video's length is only a hint.
  // Empty where the container has no timestamps.
  std::vector<double> times;
  std::int64_t packets = 0;  // whole ones: as many as frames, nearly always
  // Whether every packet tells its time, and no time of decoding lies before the one before it, as it does
  // where recordings were joined.
  bool ascending = true;
  // All packets in order of decoding, where VideoReader::ShowOnly() can make use of them; else empty.
  std::vector<ScannedPacket> order;
  // Frames at the beginning that no key frame stands before: they cannot be decoded and are not counted.
  std::int64_t left_out = 0;
  // As VideoReader's, of the whole file.
  std::string damage;
  std::int64_t damaged_packets = 0;
};

// Decodes the video stream (or the pictures, see pictures.h) of one file from its beginning, in order of
// presentation. One thread uses it.
//
//   VideoReader reader(path);
//   while (const auto stamp = reader.Next()) {
//     if (Wanted(*stamp)) Use(reader.Frame());
//   }
class VideoReader {
 public:
  // An Error when the file is missing, is no video, passes a limit, or has no decoder. When the deadline has
  // passed the stream ends.
  explicit VideoReader(const std::filesystem::path& path, const MediaLimits& limits = {},
                       Deadline deadline = {});
  ~VideoReader();

  // Tells before the first Next() that only the frames shown at the times `wanted` (of `scan.times`,
  // ascending) will be looked at. Where scan.order allows, others are then left out: packets that no wanted
  // frame needs are not decoded, and the decoder drops frames that no other refers to. Those wanted keep
  // their pixels and stamps; some others come as well. `scan` is of this very file.
  void ShowOnly(const VideoScan& scan, const std::vector<double>& wanted);

  // Decodes the next frame; none at the end of the stream. Damage is survived and shows in damage().
  std::optional<FrameStamp> Next();

  // The frame that Next() last returned.
  VideoFrame Frame() const;

  // What was wrong with the part of the file that has been read, in words; "" when nothing was.
  std::string damage() const;
  // Packets that were incomplete or refused, and stretches that could not be read.
  std::int64_t damaged_packets() const;
  // Frames that came out with errors or not at all.
  std::int64_t damaged_frames() const;

 private:
  std::unique_ptr<FrameSource> source_;
};

// Throws as VideoReader does.
VideoScan ScanVideo(const std::filesystem::path& path, const MediaLimits& limits = {},
                    Deadline deadline = {});

}  // namespace seam
