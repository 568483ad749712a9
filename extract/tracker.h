#pragma once

#include <vector>

#include "extract/face_detector.h"

namespace seam {

// Follows people through the sampled frames of one video: a face joins the track whose last box it overlaps
// best (IoU, greedily). Sampled frames can lie seconds apart, so a face that has only moved beside its old
// place and kept its size joins too. One thread.
class Tracker {
 public:
  // The tracks of `faces`, found in the frame at `pts_seconds`: a number for each, the same number for the
  // same person, counted from 0 in order of appearance. To be called in order of time.
  std::vector<int> Assign(const std::vector<Face>& faces, double pts_seconds);

 private:
  struct Track {
    cv::Rect2f box;
    double seen_seconds;
  };
  std::vector<Track> tracks_;
  double last_seconds_ = 0, longest_step_ = 0;
};

// Intersection over union of two boxes, 0 to 1.
float IntersectionOverUnion(const cv::Rect2f& a, const cv::Rect2f& b);

}  // namespace seam
