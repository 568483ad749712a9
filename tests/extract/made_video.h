#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

namespace seam {

// A video made with libav at run time, in ways that a command line cannot: every time, turn and size by hand.
struct MadeVideo {
  std::string container = "mp4";  // libavformat's name of the muxer
  std::string codec = "mpeg4";    // libavcodec's name of the encoder
  std::string pixels = "yuv420p";
  std::vector<cv::Mat> pictures;    // RGB, of the frames in order; a new size begins a new sequence
  std::vector<std::int64_t> times;  // of the frames in milliseconds; empty: 40 apart
  // What the player has to do to the stored pictures (libavutil/display.h); all 0: nothing.
  std::array<std::int32_t, 9> display_matrix = {};
  std::string muxer_options, encoder_options;  // "name=value:name=value"
  int dolby_vision = 0;                        // profile; 0: none
  bool sound = false;                          // a stream of silence, too; without pictures it is alone
};

void Write(const MadeVideo& video, const std::filesystem::path& path);

// Pictures of noise, the same each time; no face is in them.
std::vector<cv::Mat> Noise(int frames, int width, int height);

// A picture whose quarters are, from the top left on: red, green, blue, white.
cv::Mat QuarteredPicture(int width, int height);
// The colours of the quarters' middles, as letters ("rgbw"), from the top left on.
std::string QuarterColours(const cv::Mat& picture);

}  // namespace seam
