#pragma once

#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include "extract/media/av.h"
#include "extract/media/input_file.h"
#include "extract/media/media_limits.h"

namespace seam {

// The packets of a file's sound, as they are stored.
class SoundSource {
 public:
  virtual ~SoundSource() = default;
  // nullptr where there is none.
  virtual const AVCodecParameters* codec() const = 0;
  virtual AVRational tick() const = 0;
  // nullptr at the end.
  virtual AvPtr<AVPacket> Next() = 0;
};

// Reads in this process. An Error when the file cannot be opened.
std::unique_ptr<SoundSource> OpenSoundHere(const FilePlace& place, const MediaLimits& limits,
                                           Deadline deadline);

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

  const AVCodecParameters& codec() const { return *source_->codec(); }
  // The unit of the packets' times, in seconds.
  AVRational tick() const { return source_->tick(); }
  // The next packet, if it begins before `end_seconds`; nothing at the end. What begins before
  // `first_seconds`, or not behind the packet before it, is passed over. Its times are the file's.
  AvPtr<AVPacket> TakeBetween(double first_seconds, double end_seconds);

 private:
  std::unique_ptr<SoundSource> source_;
  AvPtr<AVPacket> next_;
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
  bool there_ = false;
  std::string problem_;
};

}  // namespace seam
