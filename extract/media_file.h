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

  // Whether the container's own index promises more packets of the video stream than ReadPacket() has
  // returned. Only mov/mp4 has such an index; its last fragment may be missing without this knowing.
  bool EndsEarly() const;

 private:
  void Open();
  void SelectStream();

  std::string path_;
  int descriptor_ = -1;
  AvPtr<AVIOContext> io_;
  AvPtr<AVFormatContext> format_;
  AVStream* stream_ = nullptr;
  std::int64_t packets_ = 0;
  std::string read_error_;
};

// A decoder for the file's video stream, of one thread: with more, what comes out of damaged files differs
// from run to run. An Error when there is none on the list.
AvPtr<AVCodecContext> OpenDecoder(MediaFile* file);

}  // namespace seam
