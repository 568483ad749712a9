#pragma once

#include <opencv2/core.hpp>

#include "proto/clip.pb.h"
#include "train/data/face_points.h"

namespace seam {

// The 68 points of a face made of circles and lines, `width` wide around `middle`.
FacePoints MadeFace(const cv::Point2f& middle, float width);

// Gives a frame such points, as extraction stores them.
void SetPoints(const FacePoints& points, Frame* frame);

// A picture with detail everywhere, RGB [size, size, 3].
cv::Mat MadePicture(int size, unsigned seed = 1);

}  // namespace seam
