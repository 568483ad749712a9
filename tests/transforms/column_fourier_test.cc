#include "transforms/column_fourier.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include "transforms/fourier.h"

namespace seam {
namespace {

constexpr int kLanes = ColumnFourier::kLanes;

// Lengths of one, small and great factors, and of several of them.
class ColumnFourierTest : public testing::TestWithParam<int> {};

TEST_P(ColumnFourierTest, IsTheTransformByItsDefinition) {
  const int n = GetParam();
  const auto fourier = ColumnFourier::ForLength(n);
  cv::Mat real(n, kLanes, CV_64F), imaginary(n, kLanes, CV_64F);
  const auto input = [](int i, int lane) {
    return std::complex<double>(std::sin(1.7 * i + lane), std::cos(0.3 * i * i - lane));
  };
  for (int i = 0; i < n; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      real.at<double>(fourier->slot(i), lane) = input(i, lane).real();
      imaginary.at<double>(fourier->slot(i), lane) = input(i, lane).imag();
    }
  }
  fourier->Run(real.ptr<double>(), imaginary.ptr<double>());
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (int i = 0; i < n; ++i)
        sum += input(i, lane) * std::polar(1.0, -2 * std::numbers::pi * (i * k % n) / n);
      EXPECT_NEAR(real.at<double>(k, lane), sum.real(), 1e-11) << k << " of column " << lane;
      EXPECT_NEAR(imaginary.at<double>(k, lane), sum.imag(), 1e-11) << k << " of column " << lane;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, ColumnFourierTest,
                         testing::Values(1, 2, 3, 4, 5, 7, 8, 12, 16, 25, 43, 60, 86, 97, 128));

TEST(HalfSpectrumTest, UnfoldsToTheWholePlane) {
  for (const cv::Size& size : {cv::Size(1, 1), cv::Size(5, 8), cv::Size(16, 7), cv::Size(33, 20)}) {
    cv::Mat picture(size, CV_64F), whole;
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) picture.at<double>(y, x) = std::sin(3.0 * y * y + 0.7 * x * x + x);
    }
    HalfSpectrum half;
    TransformPicture(picture, &half);
    cv::Mat moduli;
    cv::magnitude(half.real, half.imaginary, moduli);
    const cv::Mat plane = UnfoldSpectrum(moduli, size.height, size.width);
    cv::dft(picture, whole, cv::DFT_COMPLEX_OUTPUT);
    for (int v = 0; v < size.height; ++v) {
      for (int u = 0; u < size.width; ++u) {
        const auto& wanted = whole.at<cv::Vec2d>(v, u);
        EXPECT_NEAR(plane.at<double>(Shifted(v, size.height), Shifted(u, size.width)),
                    std::hypot(wanted[0], wanted[1]), 1e-11)
            << size << " at " << v << ", " << u;
      }
    }
  }
}

}  // namespace
}  // namespace seam
