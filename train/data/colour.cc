#include "train/data/colour.h"

#include <cmath>

namespace seam {

cv::Matx33f SaturationMatrix(double factor) {
  constexpr float kRed = 0.299F, kGreen = 0.587F, kBlue = 0.114F;
  const auto s = static_cast<float>(factor);
  const float r = (1 - s) * kRed, g = (1 - s) * kGreen, b = (1 - s) * kBlue;
  return {r + s, g, b, r, g + s, b, r, g, b + s};
}

cv::Matx33f HueMatrix(double degrees) {
  const auto angle = static_cast<float>(degrees * CV_PI / 180);
  const float c = std::cos(angle), s = std::sin(angle), third = (1 - c) / 3, root = s * std::sqrt(1 / 3.0F);
  return {c + third,    third - root, third + root, third + root, c + third,
          third - root, third - root, third + root, c + third};
}

}  // namespace seam
