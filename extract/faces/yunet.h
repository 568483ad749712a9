#pragma once

#include <string>
#include <vector>

#include <opencv2/objdetect/face.hpp>

#include "extract/faces/face_detector.h"

namespace seam {

// YuNet (Wu et al., MIR 2023) through OpenCV's FaceDetectorYN: boxes and five landmarks, fast.
class YuNet : public FaceDetector {
 public:
  YuNet(const std::string& weights, int size, double threshold);
  std::vector<Face> Detect(const cv::Mat& picture) override;

 private:
  cv::Ptr<cv::FaceDetectorYN> detector_;
  int size_;
};

}  // namespace seam
