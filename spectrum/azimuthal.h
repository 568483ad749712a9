#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <opencv2/core.hpp>

namespace seam {

// The azimuthal mean of a picture's spectrum. It is computed as in "Unmasking DeepFakes with simple Features"
// (Durall et al., arXiv:1911.00686) and the frequency solver built on it.

// M = 20 ln |F + 1e-8| of the 2-D discrete Fourier transform F of `grey` (any number type, one channel);
// 1e-8 is added to the real part. [height, width] doubles, with frequency 0 at (height / 2, width / 2).
cv::Mat LogMagnitude(const cv::Mat& grey);

// The mean of M over rings of one pixel around ((width - 1) / 2, (height - 1) / 2): ring b holds the pixels
// whose distance r has floor(r) = b. The first ring and the last that holds a pixel are left out, as the
// published code does. 128 x 128 pixels give 88 values. Empty where fewer than three rings hold pixels.
std::vector<double> AzimuthalMean(const cv::Mat& grey);

// `values` as a function on `n` even positions from 0 to `count`, read at `count` even positions: a cubic
// spline with not-a-knot ends (de Boor, A Practical Guide to Splines, chapter IV). Needs four values or more,
// else empty.
std::vector<double> ResampleSpline(std::span<const double> values, std::size_t count);

// The middle third of both sides: rows height / 3 to height - height / 3, columns alike. Shares its memory.
cv::Mat CentralThird(const cv::Mat& picture);

// The features of the frequency solver: AzimuthalMean() of `grey`, resampled to `count` values, divided by
// the first. With a count of 0 the mean itself, neither resampled nor divided. Empty for a picture too small.
std::vector<double> AzimuthalFeatures(const cv::Mat& grey, std::size_t count);

}  // namespace seam
