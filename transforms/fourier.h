#pragma once

#include <opencv2/core.hpp>

namespace seam {

// Half of the 2-D discrete Fourier transform F of a real picture, not scaled. The rest mirrors it:
// F(-v, -u) is the conjugate of F(v, u).
struct HalfSpectrum {
  int height = 0, width = 0;  // of the picture
  // Doubles, a row for each frequency u across and a column for each v down, from 0 to height / 2. Columns
  // beyond that are 0.
  cv::Mat real, imaginary;
};

// `grey`: any number type, one channel, not empty. Keeps the memory of `half` where its size fits.
void TransformPicture(const cv::Mat& grey, HalfSpectrum* half);

// The whole plane of `values` that stand as in a HalfSpectrum and are equal at mirror images: doubles
// [height, width], frequency 0 at (height / 2, width / 2).
cv::Mat UnfoldSpectrum(const cv::Mat& values, int height, int width);

// Where coefficient k of n lies once frequency 0 was brought to n / 2.
inline int Shifted(int k, int n) { return (k + n / 2) % n; }

}  // namespace seam
