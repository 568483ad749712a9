#include "train/data/mouth.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "base/random.h"

namespace seam {
namespace {

cv::Point2f ComputeMean(const FacePoints& points, std::size_t first, std::size_t last) {
  cv::Point2f sum;
  for (std::size_t i = first; i <= last; ++i) sum += points[i];
  return sum / static_cast<float>(last - first + 1);
}

float Bell(float at, float width) { return std::exp(-at * at / (2 * width * width)); }

// The lower face as an axis: from the eyes to the mouth.
struct Axis {
  cv::Point2f mouth, down, across;
  float face;  // width of the face in pixels

  explicit Axis(const FacePoints& points) : mouth(ComputeMean(points, 48, 59)) {
    const cv::Point2f way = mouth - ComputeMean(points, 36, 47);
    down = way / std::max(1.0F, std::hypot(way.x, way.y));
    across = {down.y, -down.x};
    face = static_cast<float>(std::max(1.0, FindBounds(points).width));
  }
};

cv::Mat Bent(const MouthDraw& draw, const cv::Mat& picture, const Axis& axis) {
  // Widths of the bells, in widths of the face: the jaw below the upper lip, and the corners of the mouth.
  constexpr float kJawWide = 0.24F, kJawHigh = 0.16F, kJawBelow = 0.14F, kLipsWide = 0.2F, kLipsHigh = 0.1F;
  const auto opens = static_cast<float>(draw.opens) * axis.face;
  const auto widens = static_cast<float>(draw.widens) * axis.face;
  cv::Mat map(picture.size(), CV_32FC2);
  for (int y = 0; y < map.rows; ++y) {
    auto* row = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < map.cols; ++x) {
      const cv::Point2f at(static_cast<float>(x), static_cast<float>(y));
      const cv::Point2f from = at - axis.mouth;
      const float u = from.dot(axis.across) / axis.face, v = from.dot(axis.down) / axis.face;
      const float fall = opens * Bell(u, kJawWide) * Bell(v - kJawBelow, kJawHigh);
      // Greatest, and 1, where u is kLipsWide.
      const float side = widens * u / kLipsWide * Bell(u, kLipsWide) * std::exp(0.5F) * Bell(v, kLipsHigh);
      const cv::Point2f source = at - fall * axis.down - side * axis.across;
      row[x] = {source.x, source.y};
    }
  }
  cv::Mat bent;
  cv::remap(picture, bent, map, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  return bent;
}

}  // namespace

MouthDraw DrawMouth(std::mt19937_64* engine) {
  MouthDraw draw;
  draw.opens = DrawBetween(engine, -0.05, 0.09);
  draw.widens = DrawBetween(engine, -0.04, 0.04);
  draw.shrink = DrawBetween(engine, 1, 2.5);
  return draw;
}

cv::Mat WithMouth(const MouthDraw& draw, const cv::Mat& picture, const FacePoints& points) {
  const cv::Mat bent = Bent(draw, picture, Axis(points));
  const cv::Size small(std::max(1, cvRound(picture.cols / draw.shrink)),
                       std::max(1, cvRound(picture.rows / draw.shrink)));
  cv::Mat less, rendered;
  cv::resize(bent, less, small, 0, 0, cv::INTER_AREA);
  cv::resize(less, rendered, picture.size(), 0, 0, cv::INTER_LINEAR);
  return rendered;
}

}  // namespace seam
