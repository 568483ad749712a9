#pragma once

#include <vector>

#include <opencv2/core.hpp>

namespace seam {

// The sensor noise of pictures (photo response non-uniformity, PRNU), by which Marra et al., "Do GANs leave
// artificial fingerprints?" (MIPR 2019) tell generators apart. The steps and constants are those of the code
// published with Frank et al. (ICML 2020); they go back to Lukas, Fridrich and Goljan (IEEE TIFS 2006) and to
// Chen et al. (IEEE TIFS 2008).
struct ResidualOptions {
  int levels = 4;      // of the wavelet transform
  double sigma = 5.0;  // deviation of the noise that the filter looks for, in grey levels
};

// What a Wiener filter of the detail bands of a db4 wavelet transform removes from each channel: `picture` is
// 8-bit RGB; the result has doubles of the same size and channels.
cv::Mat ComputeNoise(const cv::Mat& picture, const ResidualOptions& options);

// The residual of one picture (8-bit RGB): [height, width] doubles. ComputeNoise() is made grey. The means of
// rows and columns are subtracted in each of the four colour phases. Then it is Wiener filtered in the
// Fourier domain.
cv::Mat ComputeResidual(const cv::Mat& picture, const ResidualOptions& options);

// The fingerprint of a source: sum(W I') / (sum(I'^2) + 1) over its pictures, then as for a residual. I' is
// the picture's intensity without what is saturated. Pictures have one size.
class FingerprintMaker {
 public:
  explicit FingerprintMaker(const ResidualOptions& options) : options_(options) {}
  void Add(const cv::Mat& picture);
  void Merge(const FingerprintMaker& other);
  cv::Mat Fingerprint() const;

 private:
  ResidualOptions options_;
  cv::Mat weighted_, squares_;
};

// sum((a - mean a)(b - mean b)) / (|a - mean a| |b - mean b|); 0 where either is constant.
double NormalisedCorrelation(const cv::Mat& a, const cv::Mat& b);

// 1 everywhere, and 0 on saturated areas: pixels of a channel's greatest value that have a neighbour of the
// same value beside, above or below. All 1 where that value is less than 250.
cv::Mat SaturationMask(const cv::Mat& picture);

}  // namespace seam
