#include "transforms/local_binary_pattern.h"

#include <cmath>
#include <cstdint>

namespace seam {
namespace {

constexpr int kRight = 6, kLeft = -3;

double At(const cv::Mat& grey, int row, int column) {
  const bool inside = row >= 0 && row < grey.rows && column >= 0 && column < grey.cols;
  return inside ? static_cast<double>(grey.at<std::uint8_t>(row, column)) : 0.0;
}

}  // namespace

cv::Mat LocalBinaryPattern(const cv::Mat& grey) {
  cv::Mat result(grey.size(), CV_8U);
  for (int y = 0; y < grey.rows; ++y) {
    // Between which rows the two points on the left lie, and how far.
    int above[2];
    double share[2];
    for (int k = 0; k < 2; ++k) {
      const double row = y + (k == 0 ? -kPatternRow : kPatternRow), floor = std::floor(row);
      above[k] = static_cast<int>(floor);
      share[k] = row - floor;
    }
    auto* to = result.ptr<std::uint8_t>(y);
    for (int x = 0; x < grey.cols; ++x) {
      const double middle = grey.at<std::uint8_t>(y, x);
      int count = At(grey, y, x + kRight) >= middle ? 1 : 0;
      for (int k = 0; k < 2; ++k) {
        const double point =
            (1 - share[k]) * At(grey, above[k], x + kLeft) + share[k] * At(grey, above[k] + 1, x + kLeft);
        count += point >= middle ? 1 : 0;
      }
      to[x] = static_cast<std::uint8_t>(count);
    }
  }
  return result;
}

}  // namespace seam
