#include "tests/train/made_face.h"

#include <cmath>

#include <opencv2/imgproc.hpp>

namespace seam {

FacePoints MadeFace(const cv::Point2f& middle, float width) {
  FacePoints points;
  std::size_t next = 0;
  const auto add = [&](double x, double y) {
    points[next++] = middle + width * cv::Point2f(static_cast<float>(x), static_cast<float>(y));
  };
  const auto ring = [&](int count, double x, double y, double rx, double ry) {
    for (int i = 0; i < count; ++i)
      add(x - rx * std::cos(2 * CV_PI * i / count), y - ry * std::sin(2 * CV_PI * i / count));
  };
  for (int i = 0; i <= 16; ++i) add(-0.5 * std::cos(CV_PI * i / 16), -0.15 + 0.65 * std::sin(CV_PI * i / 16));
  for (int i = 0; i < 5; ++i) add(-0.4 + 0.08 * i, -0.35);
  for (int i = 0; i < 5; ++i) add(0.08 + 0.08 * i, -0.35);
  for (int i = 0; i < 4; ++i) add(0, -0.2 + 0.08 * i);
  for (int i = 0; i < 5; ++i) add(-0.1 + 0.05 * i, 0.1);
  ring(6, -0.22, -0.2, 0.08, 0.03);
  ring(6, 0.22, -0.2, 0.08, 0.03);
  ring(12, 0, 0.25, 0.18, 0.07);
  ring(8, 0, 0.25, 0.12, 0.03);
  return points;
}

void SetPoints(const FacePoints& points, Frame* frame) {
  frame->clear_dense_landmarks();
  for (const cv::Point2f& point : points) {
    frame->add_dense_landmarks(point.x);
    frame->add_dense_landmarks(point.y);
  }
}

cv::Mat MadePicture(int size, unsigned seed) {
  cv::RNG random(seed);
  cv::Mat picture(size, size, CV_8UC3);
  random.fill(picture, cv::RNG::UNIFORM, 60, 200);
  cv::GaussianBlur(picture, picture, {}, 1);
  return picture;
}

}  // namespace seam
