#pragma once

#include <opencv2/core.hpp>

namespace seam {

// What a frame shows, roughly: side x side grey values of mean 0 and length 1, or all 0 where there is
// nothing to see. The dot product of two is their correlation, -1 to 1. `picture`: 8-bit RGB [height, width,
// 3].
cv::Mat MakeThumbnail(const cv::Mat& picture, int side);

}  // namespace seam
