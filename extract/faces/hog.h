#pragma once

#include <memory>
#include <string>
#include <vector>

#include "extract/faces/face_detector.h"

namespace seam {

// dlib's frontal face detector (HOG features, a linear classifier; King 2009): needs no file, finds frontal
// faces of at least 80 pixels in the picture searched, no landmarks. Its margin m is reported as the score 1
// / (1 + e^-m).
class Hog : public FaceDetector {
 public:
  explicit Hog(const DetectorSettings& settings);
  ~Hog() override;
  std::vector<Face> Detect(const cv::Mat& picture) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  int size_;
  double threshold_;
};

}  // namespace seam
