#include "extract/faces/drawn_look.h"

#include <algorithm>

#include <opencv2/imgproc.hpp>

namespace seam {

void DrawnLook::Add(const cv::Mat& face) {
  constexpr int kLeastSide = 48, kSide = 96;
  constexpr double kFlat = 4, kHard = 32;  // grey levels between the darkest and the brightest neighbour
  if (std::min(face.cols, face.rows) < kLeastSide) return;
  cv::Mat grey, brightest, darkest, change;
  cv::resize(face, grey, cv::Size(kSide, kSide), 0, 0,
             std::min(face.cols, face.rows) > kSide ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::cvtColor(grey, grey, cv::COLOR_RGB2GRAY);
  const cv::Mat around = cv::Mat::ones(3, 3, CV_8U);
  cv::dilate(grey, brightest, around);
  cv::erode(grey, darkest, around);
  cv::subtract(brightest, darkest, change);
  const double pixels = kSide * kSide;
  flat_ += cv::countNonZero(change <= kFlat) / pixels;
  hard_ += cv::countNonZero(change >= kHard) / pixels;
  ++faces_;
}

bool DrawnLook::LooksDrawn() const {
  // docs/scores.md has what was measured. Dark faces are flat, too, but have no hard lines.
  constexpr double kLeastFlat = 0.30, kLeastHard = 0.04, kMostSoft = 0.36;
  return flat() > kLeastFlat && hard() > kLeastHard && 1 - flat() - hard() < kMostSoft;
}

}  // namespace seam
