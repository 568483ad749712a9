#pragma once

#include <filesystem>
#include <string>

#include "extract/media/av.h"
#include "extract/media/media_limits.h"

namespace seam {

// An opened container and its one stream, the video's unless SelectSound() was called: the only door by which
// media enters Seam. Videos are hostile, so libavformat reads through our own descriptor of this one file and
// can open nothing else (no playlists, no network), containers and decoders are lists (docs/extraction.md),
// and MediaLimits hold. Reading ends when the deadline has passed and when the user interrupts.
class MediaFile {
 public:
  // An Error when the file cannot be opened, is no container of the list, has no video stream, or passes a
  // limit.
  explicit MediaFile(const std::filesystem::path& path, const MediaLimits& limits = {},
                     Deadline deadline = {});
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  // From here on the stream is that of the best sound; false where there is none.
  bool SelectSound();

  AVFormatContext* format() { return format_.get(); }
  const AVStream* stream() const { return stream_; }
  const std::string& path() const { return path_; }

  const MediaLimits& limits() const { return limits_; }

  // The next packet of the stream; false at the end. Unreadable places are passed over and counted;
  // where no more follows on one, read_error() names it.
  bool ReadPacket(AVPacket* packet);
  const std::string& read_error() const { return read_error_; }
  std::int64_t unreadable_places() const { return unreadable_places_; }

  // Whether the file was seen to end before it should, once ReadPacket() has come to its end: an mp4's index
  // promises more packets than there were, the header of matroska, avi or webp more bytes, that of flv a
  // longer time; a JPEG or GIF lacks its end, a ts a part of its last packet. Others cannot tell (mpg, ogg).
  bool EndsEarly() const;

 private:
  // The open file, closed at the end, and what stops reading from it.
  struct Input {
    Input(const std::string& path, Deadline deadline);
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    bool Stopped() const;
    // Up to `count` bytes from `offset` on.
    std::string BytesAt(std::int64_t offset, std::size_t count) const;

    int descriptor;
    Deadline deadline;
    std::int64_t size = 0;
  };

  static int Read(void* input, std::uint8_t* buffer, int size);
  static std::int64_t Seek(void* input, std::int64_t offset, int whence);

  const AVInputFormat* Probe();
  void Open();
  void FindStreams();
  void SelectStream();
  void ReadOnly(int index);
  void CheckSize(const AVCodecParameters& picture) const;
  void CheckLimits() const;
  bool HasIndex() const;
  void Note(const AVPacket& packet);
  bool IsMov() const;
  double ToldSeconds() const;

  std::string path_;
  MediaLimits limits_;
  Input input_;
  AvPtr<AVIOContext> io_;
  AvPtr<AVFormatContext> format_;
  AVStream* stream_ = nullptr;
  std::int64_t packets_ = 0, unreadable_places_ = 0;
  double last_seconds_ = 0;   // of any stream
  bool picture_ends_ = true;  // a JPEG's end was there
  std::string read_error_;
};

// A decoder for the file's video stream, of one thread: with more, what comes out of damaged files differs
// from run to run. An Error when there is none on the list.
AvPtr<AVCodecContext> OpenDecoder(MediaFile* file);

}  // namespace seam
