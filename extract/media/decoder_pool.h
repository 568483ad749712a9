#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "extract/media/frame_source.h"
#include "extract/media/media_limits.h"
#include "extract/media/sound_track.h"

namespace seam {

// The process that decodes a file crashed, hung, wanted too much memory, did what its sandbox forbids, or
// sent what makes no sense. It is gone, and so is all that it would have told of the file; the next file has
// another process.
class DecoderFailure : public Error {
 public:
  DecoderFailure(const std::string& path, const std::string& problem);
};

class DecoderProcess;

// Processes that decode files (seam-decode), each used again for the next file. Any thread. It ends them
// all, except those that readers still hold.
class DecoderPool : public std::enable_shared_from_this<DecoderPool> {
 public:
  // Of the program seam-VERB beside this one.
  explicit DecoderPool(std::string verb = "decode");
  ~DecoderPool();
  DecoderPool(const DecoderPool&) = delete;
  DecoderPool& operator=(const DecoderPool&) = delete;

  // Starts one, if none waits: it loads its libraries while the caller loads its own. An Error as of Take().
  void WarmUp(const MediaLimits& limits);

  // For one reader; it comes back when the reader and all frames of it are gone. An Error when the program
  // is not there or cannot be run.
  std::shared_ptr<DecoderProcess> Take(const MediaLimits& limits);

 private:
  struct Shelf;
  std::string verb_;
  std::shared_ptr<Shelf> shelf_;
};

// A line for the user where --isolation strict asks for what this kernel or build cannot do; "" where it can.
// Files are then decoded as with --isolation process.
std::string IsolationWarning(const MediaLimits& limits);

// What OpenHere() and so on do, in another process; its replies are checked. They throw what those throw, and
// DecoderFailure at any time, the frames' methods too. When the deadline has passed the process is ended, and
// the stream with it.
std::unique_ptr<FrameSource> OpenIsolated(const std::filesystem::path& path, const MediaLimits& limits,
                                          const Deadline& deadline);
VideoScan ScanIsolated(const std::filesystem::path& path, const MediaLimits& limits,
                       const Deadline& deadline);
std::unique_ptr<SoundSource> OpenSoundIsolated(const std::filesystem::path& path, const MediaLimits& limits,
                                               const Deadline& deadline);

}  // namespace seam
