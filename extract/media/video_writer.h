#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

namespace seam {

class SoundTrack;

struct VideoWriterOptions {
  // A name of VideoEncoderNames(); empty: the first of them that the local libavcodec has.
  std::string codec = {};
  // Constant rate factor on x264's scale: 0 (nearly lossless) to 51. Encoders without one take the nearest
  // quantiser of their own.
  int crf = 20;
  // x264's: from "ultrafast" to "veryslow". Other encoders pass it over.
  std::string preset = "veryfast";
  int threads = 0;  // of the encoder; 0: as many as it likes
  // Sound to copy beside the pictures, in the clock of their times, from the first of them to the end of the
  // last; nullptr: none. It outlives the writer, and tells what had to be left out.
  SoundTrack* sound = nullptr;
  std::string comment = {};  // kept in the file's metadata
};

// Encoders by libavcodec's names, best first: H.264 before others, since everything plays it.
const std::vector<std::string>& VideoEncoderNames();

// Writes pictures as an mp4 file that appears whole or not at all: it grows beside its path
// under a temporary name and is renamed by Commit(). Destroyed without Commit(), it leaves nothing. Its index
// stands before its frames (faststart), so that a player can begin before it has all. Times are kept as they
// are given, but the first frame is at 0. 4:2:0 wants even sides: an odd one is made even by repeating the
// last row or column. Colours are BT.709 from 1280 columns or more than 576 lines on and BT.601 below, and
// the file says so. One thread uses it.
//
//   VideoWriter writer(path, size);
//   for (...) writer.Add(rgb, pts_seconds);
//   writer.Commit();
class VideoWriter {
 public:
  // `size` of the pictures. An Error names what cannot be had: the encoder, the size, the file.
  VideoWriter(const std::filesystem::path& path, const cv::Size& size,
              const VideoWriterOptions& options = {});
  ~VideoWriter();

  // `picture`: RGB [height, width, 3] of the size promised. A time that does not lie behind the last one is
  // moved just behind it.
  void Add(const cv::Mat& picture, double pts_seconds);
  // An Error when nothing was added.
  void Commit();

  // Name of the encoder that was taken.
  const std::string& codec() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
