#pragma once

#include <memory>
#include <vector>

#include "extract/faces/detector_network.h"
#include "extract/faces/face_detector.h"

namespace seam {

// RetinaFace with a MobileNet-0.25 backbone (Deng et al., CVPR 2020), the file mnet.25_v2.onnx of the npm
// package `retinaface`: boxes and five landmarks.
class RetinaFace : public FaceDetector {
 public:
  explicit RetinaFace(const DetectorSettings& settings);
  std::vector<Face> Detect(const cv::Mat& picture) override;

 private:
  struct Anchor {
    int number;  // among those of a cell
    float stride, side;
  };
  // Adds the faces that one anchor of every cell found, in pixels of the picture searched.
  void Decode(const Anchor& anchor, const DetectorMap& scores, const DetectorMap& boxes,
              const DetectorMap& landmarks, std::vector<Face>* faces) const;

  DetectorEngine engine_;
  std::shared_ptr<DetectorNetwork> network_;
  int size_;
  float threshold_;
};

}  // namespace seam
