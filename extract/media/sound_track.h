#pragma once

#include <filesystem>
#include <limits>
#include <string>

#include "extract/media/av.h"
#include "extract/media/media_file.h"

namespace seam {

// The sound of a file, packet by packet as it is stored, for VideoWriter to put beside new pictures. Nothing
// is decoded. One thread uses it.
class SoundTrack {
 public:
  // An Error when the file cannot be opened.
  SoundTrack(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline);

  // Whether there is sound that an mp4 file can hold.
  bool there() const { return there_; }
  // Why the sound is left out, or from where on; "" where it is not, or where there is none.
  const std::string& problem() const { return problem_; }
  void LeaveOut(const std::string& problem);

  const AVStream* stream() const { return file_.stream(); }
  // The next packet, if it begins before `end_seconds`; nothing at the end. What begins before
  // `first_seconds`, or not behind the packet before it, is passed over. Its times are the file's.
  AvPtr<AVPacket> TakeBetween(double first_seconds, double end_seconds);

 private:
  MediaFile file_;
  AvPtr<AVPacket> next_;
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
  bool there_ = false;
  std::string problem_;
};

}  // namespace seam
