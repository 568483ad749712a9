#pragma once

#include <string>
#include <vector>

#include <opencv2/dnn.hpp>

#include "extract/faces/face_detector.h"

namespace seam {

// RetinaFace with a MobileNet-0.25 backbone (Deng et al., CVPR 2020), the file mnet.25_v2.onnx of the npm
// package `retinaface`, in OpenCV DNN: boxes and five landmarks.
class RetinaFace : public FaceDetector {
 public:
  RetinaFace(const std::string& weights, int size, double threshold);
  std::vector<Face> Detect(const cv::Mat& picture) override;

 private:
  struct Anchor {
    int number;  // among those of a cell
    float stride, side;
  };
  // Adds the faces that one anchor of every cell found, in pixels of the picture searched.
  void Decode(const Anchor& anchor, const cv::Mat& probability, const cv::Mat& boxes,
              const cv::Mat& landmarks, std::vector<Face>* faces) const;

  cv::dnn::Net net_;
  std::vector<std::string> outputs_;
  int size_;
  float threshold_;
};

}  // namespace seam
