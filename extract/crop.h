#pragma once

#include <opencv2/core.hpp>

#include "base/options.h"
#include "extract/video_frame.h"
#include "proto/clip.pb.h"

namespace seam {

struct CropOptions {
  double margin = 0.3;
  int size = 256;
  void Register(Options* options);
  void Check() const;
};

// The square around `box`, of side (1 + margin) * the box's longer side, as size x size RGB: by area
// averaging when it shrinks, bilinear when it grows. What lies outside `frame` is black. This is the only
// way from a face to what a network sees, in training and in inference.
cv::Mat CropFace(const VideoFrame& frame, const cv::Rect2f& box, double margin, int size);

}  // namespace seam
