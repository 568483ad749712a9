#pragma once

#include <memory>
#include <vector>

#include <opencv2/objdetect/face.hpp>

#include "extract/faces/detector_network.h"
#include "extract/faces/face_detector.h"

namespace seam {

// YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023),
// OpenCV's file face_detection_yunet_2022mar.onnx: boxes and five landmarks, fast.
class YuNet : public FaceDetector {
 public:
  explicit YuNet(const DetectorSettings& settings);
  std::vector<Face> Detect(const cv::Mat& picture) override;

 private:
  std::shared_ptr<DetectorNetwork> network_;
  int size_;
  float threshold_;
};

// The same through OpenCV's FaceDetectorYN, which also reads the files of newer versions of OpenCV.
class OpenCvYuNet : public FaceDetector {
 public:
  explicit OpenCvYuNet(const DetectorSettings& settings);
  std::vector<Face> Detect(const cv::Mat& picture) override;

 private:
  cv::Ptr<cv::FaceDetectorYN> detector_;
  int size_;
};

}  // namespace seam
