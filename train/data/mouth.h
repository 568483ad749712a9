#pragma once

#include <random>

#include <opencv2/core.hpp>

#include "train/data/face_points.h"

namespace seam {

// A mouth that was rendered again, as lip-sync and reenactment networks do: the lower face is bent so that
// mouth and jaw open, close, widen or narrow, and it has fewer details than the face around it. The bending
// and its numbers are our own.

// What is drawn for one clip: the same for all of its frames. Lengths are in widths of the face.
struct MouthDraw {
  double opens = 0;   // how far chin and lower lip move down
  double widens = 0;  // how far each corner of the mouth moves outwards
  double shrink = 1;  // the picture is made so many times smaller and larger again
  bool operator==(const MouthDraw&) const = default;
};
MouthDraw DrawMouth(std::mt19937_64* engine);

// The picture, RGB [size, size, 3] uint8, with such a mouth. `points` are in its pixels.
cv::Mat WithMouth(const MouthDraw& draw, const cv::Mat& picture, const FacePoints& points);

}  // namespace seam
