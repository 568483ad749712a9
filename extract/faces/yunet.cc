#include "extract/faces/yunet.h"

#include <algorithm>

#include <opencv2/imgproc.hpp>

namespace seam {

YuNet::YuNet(const std::string& weights, int size, double threshold)
    : detector_(cv::FaceDetectorYN::create(weights, "", {size, size}, static_cast<float>(threshold))),
      size_(size) {}

std::vector<Face> YuNet::Detect(const cv::Mat& picture) {
  float scale = 1;
  cv::Mat bgr;
  cv::cvtColor(ShrinkTo(picture, size_, &scale), bgr, cv::COLOR_RGB2BGR);
  detector_->setInputSize(bgr.size());
  cv::Mat found;  // [faces, 15]: box, five points, score
  detector_->detect(bgr, found);

  std::vector<Face> faces;
  for (int i = 0; i < found.rows; ++i) {
    const float* row = found.ptr<float>(i);
    Face face;
    face.box = {row[0] / scale, row[1] / scale, row[2] / scale, row[3] / scale};
    // The network's first point is the subject's right eye: the left one as seen.
    for (std::size_t k = 0; k < 5; ++k) face.landmarks[k] = {row[4 + 2 * k] / scale, row[5 + 2 * k] / scale};
    face.has_landmarks = true;
    face.score = row[14];
    faces.push_back(face);
  }
  std::stable_sort(faces.begin(), faces.end(),
                   [](const Face& a, const Face& b) { return a.score > b.score; });
  return faces;
}

}  // namespace seam
