#pragma once

#include <array>
#include <optional>
#include <vector>

#include <opencv2/core.hpp>

#include "proto/clip.pb.h"

namespace seam {

// 68 points of a face in pixels of its crop, in the order of iBUG 300-W, left and right as seen:
//   0-16          the jaw from left to right
//   17-21, 22-26  the brows
//   27-30, 31-35  the ridge of the nose from above, and the nostrils
//   36-41, 42-47  the eyes
//   48-59, 60-67  the outer and the inner lips
using FacePoints = std::array<cv::Point2f, 68>;

enum class PointsState { kGood, kMissing, kImplausible };

// Whether every frame of the clip has points, and whether they look like those of a face that lies mostly
// inside the crop: upright within a quarter turn, of a likely size and shape.
PointsState StateOfPoints(const Clip& clip);

// The smallest rectangle around the points.
cv::Rect2d FindBounds(const FacePoints& points);

// The affine map that brings points nearest to others, by least squares, and how far from them it leaves
// them: the root of the mean square, in widths of the face `to`. Tells apart faces that look elsewhere.
struct AffineFit {
  cv::Matx23d map;
  double residual = 0;
};
AffineFit FitAffine(const FacePoints& from, const FacePoints& to);

// Of frames [first, first + count); the clip's state must be good.
std::vector<FacePoints> ReadPoints(const Clip& clip, int first, int count);

}  // namespace seam
