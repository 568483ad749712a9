#pragma once

#include <filesystem>
#include <string>

#include "extract/av.h"

namespace seam {

// An opened container and its one video stream: the only door by which media enters Seam. Videos are hostile,
// so libavformat reads through our own descriptor of this one file and can open nothing else (no playlists,
// no network), containers and decoders are lists (docs/extraction.md), and probing, streams and pixels are
// limited.
class MediaFile {
 public:
  // An Error when the file cannot be opened, is no container of the list, or has no video stream.
  explicit MediaFile(const std::filesystem::path& path);
  ~MediaFile();
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  AVFormatContext* format() { return format_.get(); }
  const AVStream* stream() const { return stream_; }
  const std::string& path() const { return path_; }

  // The next packet of the video stream; false at the end or at an unreadable place, which read_error() then
  // names ("" at a proper end).
  bool ReadPacket(AVPacket* packet);
  const std::string& read_error() const { return read_error_; }

  // Whether the file was seen to end before it should, at its end: an mp4's index promises more packets than
  // ReadPacket() has returned, a matroska's header a longer time, a JPEG lacks its end. Streams (ts, mpg)
  // cannot tell.
  bool EndsEarly() const;

 private:
  void Open();
  void SelectStream();
  void Note(const AVPacket& packet);

  std::string path_;
  int descriptor_ = -1;
  AvPtr<AVIOContext> io_;
  AvPtr<AVFormatContext> format_;
  AVStream* stream_ = nullptr;
  std::int64_t packets_ = 0;
  double last_seconds_ = 0;   // of any stream
  bool picture_ends_ = true;  // a JPEG's end was there
  std::string read_error_;
};

// A decoder for the file's video stream, of one thread: with more, what comes out of damaged files differs
// from run to run. An Error when there is none on the list.
AvPtr<AVCodecContext> OpenDecoder(MediaFile* file);

}  // namespace seam
