#pragma once

#include <vector>

#include "extract/faces/face_detector.h"

namespace seam {

// Follows people through the sampled frames of one video: a face joins the track whose last box it overlaps
// best (IoU, greedily). Sampled frames can lie seconds apart, so a face that has only moved beside its old
// position and kept its size joins too. A person who was missing may come back elsewhere in the same shot.
// The new position must be reachable in the time, and nobody else may be meant. One thread.
class Tracker {
 public:
  // The tracks of `faces`, found in the frame at `pts_seconds`: a number for each, the same number for the
  // same person, counted from 0 in order of appearance. To be called in order of time. `scene` is
  // ShrinkScene() the frame; without it nobody comes back from farther than beside the old position.
  std::vector<int> Assign(const std::vector<Face>& faces, double pts_seconds, const cv::Mat& scene = {});

 private:
  struct Track {
    cv::Rect2f box;
    double seen_seconds;
    int shot;
  };

  // Gives those of `track_of` that are kNone the tracks they return to.
  void FindReturned(const std::vector<Face>& faces, double pts_seconds, const std::vector<bool>& taken,
                    std::vector<int>* track_of) const;
  bool MayReturn(const Track& track, const cv::Rect2f& box, double pts_seconds) const;

  std::vector<Track> tracks_;
  double last_seconds_ = 0, longest_step_ = 0;
  cv::Mat scene_;  // of the last frame
  int shot_ = 0;   // counts frames that do not continue the one before
};

// The MakeThumbnail() a picture, 8-bit RGB [height, width, 3], that the tracker compares.
cv::Mat ShrinkScene(const cv::Mat& picture);

// Intersection over union of two boxes, 0 to 1.
float IntersectionOverUnion(const cv::Rect2f& a, const cv::Rect2f& b);

}  // namespace seam
