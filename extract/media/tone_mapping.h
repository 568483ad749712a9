#pragma once

#include <cstdint>

#include <opencv2/core.hpp>

#include "extract/media/video_frame.h"

namespace seam {

// The primaries of a film's red, green and blue.
enum class ColourGamut : std::uint8_t { kBt709, kP3, kBt2020 };

// RGB [height, width, 3] of 16 bits, coded for a high dynamic range (ITU-R BT.2100: PQ, or HLG as a screen of
// 1000 cd/m2 shows it), as 8-bit RGB of the standard range with BT.709's primaries and the curve of sRGB.
// Each pixel is mapped by itself. 150 cd/m2 count as white, between the 100 at which films are graded and
// standard films are converted, and the 203 of BT.2408; what is brighter than three quarters of that is
// compressed up to 1000 cd/m2, in the same way for the three colours, so that hues stay.
cv::Mat ToneMapped(const cv::Mat& rgb, DynamicRange range, ColourGamut gamut);

}  // namespace seam
