#pragma once

#include <vector>

#include <opencv2/core.hpp>

namespace seam {

constexpr int kCornerSide = 299;

// How strongly each pixel of a picture is a corner (Harris and Stephens 1988), as the published retrieval of
// system CVCS takes it: the picture bilinear without averaging at 299 x 299, cut to bytes, turned over its
// diagonal, grey; then R = det M - 0.04 (trace M)^2 of sums over 2 x 2 pixels of Sobel gradients (3 x 3).
// `picture`: 8-bit RGB. -> 299 * 299 numbers, row by row of the turned picture.
std::vector<float> FindCorners(const cv::Mat& picture);

}  // namespace seam
