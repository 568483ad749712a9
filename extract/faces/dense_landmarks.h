#pragma once

#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "base/options.h"
#include "extract/faces/crop.h"
#include "extract/faces/face_detector.h"

namespace seam {

// The 68 landmarks of a face (iBUG 300-W's scheme: jaw, brows, nose, eyes, mouth) that self-blended images
// are made of in training.
struct LandmarkOptions {
  std::string landmarks = "none";  // or "68"
  std::string landmarks_model;     // file of dlib's predictor; empty: Seam's share folder, or Debian's
  void Register(Options* options);
  // `crop`: what the landmarks are looked for in.
  void Check(const CropOptions& crop) const;
  bool Wanted() const { return landmarks != "none"; }
};

// dlib's predictor of 68 landmarks: a cascade of regression trees (Kazemi and Sullivan, CVPR 2014). Any
// number of threads. It always finds points, also where there is no face.
class LandmarkPredictor {
 public:
  // Takes 0.7 s and 100 MB. An Error that says how to get the file where it is missing.
  explicit LandmarkPredictor(const LandmarkOptions& options);
  ~LandmarkPredictor();

  // x, y in pixels of `crop`, which CropFace() cut out around `face` with `options`: RGB [size, size, 3]. A
  // point may lie outside.
  std::vector<cv::Point2f> Find(const cv::Mat& crop, const Face& face, const CropOptions& options) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
