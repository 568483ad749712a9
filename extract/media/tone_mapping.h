#pragma once

#include <cstdint>

#include <opencv2/core.hpp>

#include "extract/media/video_frame.h"

namespace seam {

// The primaries of a film's red, green and blue.
enum class ColourGamut : std::uint8_t { kBt709, kP3, kBt2020 };

// RGB [height, width, 3] of 16 bits, coded for a high dynamic range (ITU-R BT.2100: PQ, or HLG as a screen of
// 1000 cd/m2 shows it), as 8-bit RGB of the standard range with BT.709's primaries and the curve of sRGB.
// Each pixel is mapped by itself. White is 150 cd/m2. That lies between the 100 at which standard films are
// graded and the 203 of BT.2408. What is brighter than three quarters of white is compressed up to 1000
// cd/m2. The three colours are compressed alike, so that hues stay.
cv::Mat ToneMapped(const cv::Mat& rgb, DynamicRange range, ColourGamut gamut);

}  // namespace seam
