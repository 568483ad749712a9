#include "spectrum/local_pattern.h"

#include <cmath>

namespace seam {
namespace {

struct Offset {
  double row, column;
};

constexpr Offset kOffsets[] = {{-0.0, 6}, {-5.19615, -3}, {5.19615, -3}};

double At(const cv::Mat& grey, int row, int column) {
  const bool inside = row >= 0 && row < grey.rows && column >= 0 && column < grey.cols;
  return inside ? grey.ptr(row)[column] : 0;
}

double Sample(const cv::Mat& grey, double row, double column) {
  const int top = static_cast<int>(std::floor(row)), bottom = static_cast<int>(std::ceil(row)),
            left = static_cast<int>(std::floor(column)), right = static_cast<int>(std::ceil(column));
  const double down = row - top, along = column - left;
  const double above = (1 - along) * At(grey, top, left) + along * At(grey, top, right),
               below = (1 - along) * At(grey, bottom, left) + along * At(grey, bottom, right);
  return (1 - down) * above + down * below;
}

}  // namespace

cv::Mat LocalPattern(const cv::Mat& grey) {
  cv::Mat pattern(grey.size(), CV_64F);
  for (int y = 0; y < grey.rows; ++y) {
    for (int x = 0; x < grey.cols; ++x) {
      double count = 0;
      for (const Offset& offset : kOffsets)
        count += Sample(grey, y + offset.row, x + offset.column) >= grey.ptr(y)[x] ? 1 : 0;
      pattern.at<double>(y, x) = count;
    }
  }
  return pattern;
}

}  // namespace seam
