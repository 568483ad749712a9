#include "train/data/face_points.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <opencv2/imgproc.hpp>

namespace seam {
namespace {

FacePoints ReadPoints(const Frame& frame) {
  FacePoints points;
  for (int i = 0; i < static_cast<int>(points.size()); ++i) {
    points[static_cast<std::size_t>(i)] = {frame.dense_landmarks(2 * i), frame.dense_landmarks(2 * i + 1)};
  }
  return points;
}

// Of the points [from, to).
cv::Point2f Mean(const FacePoints& points, std::size_t from, std::size_t to) {
  cv::Point2f sum;
  for (std::size_t i = from; i < to; ++i) sum += points[i];
  return sum / static_cast<float>(to - from);
}

// The bounds are wide: they are to find points that are no face's, not to choose among faces.
bool ArePlausible(const FacePoints& points, float size) {
  constexpr std::size_t kMostOutside = 17;  // a quarter
  std::size_t outside = 0;
  for (const cv::Point2f& point : points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) return false;
    if (std::max(std::abs(point.x), std::abs(point.y)) > 4 * size) return false;
    outside += point.x < 0 || point.y < 0 || point.x >= size || point.y >= size ? 1 : 0;
  }
  if (outside > kMostOutside) return false;
  const cv::Point2f left = Mean(points, 36, 42), right = Mean(points, 42, 48), mouth = Mean(points, 48, 68);
  const cv::Point2f across = right - left, down = mouth - (left + right) / 2;
  const auto width = static_cast<float>(cv::norm(across)), height = static_cast<float>(cv::norm(down));
  const bool upright = across.x > 0 && down.y > 0 && across.cross(down) > 0.3F * width * height;
  const bool likely = width > 0.05F * size && height > 0.3F * width && height < 4 * width;
  std::vector<cv::Point2f> hull;
  cv::convexHull(points, hull);
  const double area = cv::contourArea(hull) / (static_cast<double>(size) * static_cast<double>(size));
  return upright && likely && area > 0.02 && area < 1;
}

}  // namespace

PointsState StateOfPoints(const Clip& clip) {
  bool plausible = true;
  for (const Frame& frame : clip.frames()) {
    if (frame.dense_landmarks_size() != 2 * static_cast<int>(FacePoints().size()))
      return PointsState::kMissing;
    plausible = plausible && ArePlausible(ReadPoints(frame), static_cast<float>(clip.crop().size()));
  }
  return plausible ? PointsState::kGood : PointsState::kImplausible;
}

cv::Rect2d FindBounds(const FacePoints& points) {
  const auto [left, right] = std::minmax_element(points.begin(), points.end(),
                                                 [](const auto& a, const auto& b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(points.begin(), points.end(),
                                                 [](const auto& a, const auto& b) { return a.y < b.y; });
  return {cv::Point2d(left->x, top->y), cv::Point2d(right->x, bottom->y)};
}

AffineFit FitAffine(const FacePoints& from, const FacePoints& to) {
  constexpr int kPoints = std::tuple_size_v<FacePoints>;
  cv::Mat a(kPoints, 3, CV_64F), b(kPoints, 2, CV_64F), solution;
  for (int i = 0; i < kPoints; ++i) {
    const cv::Point2f &p = from[static_cast<std::size_t>(i)], &q = to[static_cast<std::size_t>(i)];
    *a.ptr<cv::Vec3d>(i) = {p.x, p.y, 1};
    *b.ptr<cv::Vec2d>(i) = {q.x, q.y};
  }
  cv::solve(a, b, solution, cv::DECOMP_SVD);
  AffineFit fit;
  fit.map = cv::Mat(solution.t());
  fit.residual = cv::norm(a * solution, b) / std::sqrt(kPoints) / std::max(1.0, FindBounds(to).width);
  return fit;
}

std::vector<FacePoints> ReadPoints(const Clip& clip, int first, int count) {
  std::vector<FacePoints> points;
  for (int i = first; i < first + count; ++i) points.push_back(ReadPoints(clip.frames(i)));
  return points;
}

}  // namespace seam
