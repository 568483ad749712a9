#pragma once

#include <opencv2/core.hpp>

namespace seam {

// The 2-D type-II discrete cosine transform, orthonormal, of each channel by itself (Frank et al.,
// "Leveraging Frequency Analysis for Deep Fake Image Recognition", ICML 2020): doubles of the picture's size
// and channels. X[k] = c(k) sum_n x[n] cos(pi (2n + 1) k / 2N) along both axes, c(0) = sqrt(1/N), else
// sqrt(2/N).
cv::Mat OrthonormalDct(const cv::Mat& picture);

// ln(|x| + offset) of each element, in place. Published data sets were made with 1e-12.
constexpr double kDctOffset = 1e-12;
void LogScale(cv::Mat* coefficients, double offset = kDctOffset);

}  // namespace seam
