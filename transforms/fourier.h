#pragma once

#include <opencv2/core.hpp>

namespace seam {

// The 2-D discrete Fourier transform of `grey` (any number type, one channel): complex doubles [height,
// width], not scaled, frequency 0 first.
cv::Mat ComputeFourier(const cv::Mat& grey);

// Where coefficient k of n lies once frequency 0 was brought to n / 2.
inline int Shifted(int k, int n) { return (k + n / 2) % n; }

}  // namespace seam
