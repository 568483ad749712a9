#include "extract/faces/detectors.h"

#include <algorithm>

#include "extract/faces/tracker.h"

namespace seam {

Detectors::Detectors(const DetectorOptions& options)
    : size_(options.EffectiveSize()), of_thread_([options] { return MakeFaceDetector(options); }) {
  of_thread_.local();
}

std::vector<Face> Detectors::Detect(const VideoFrame& frame, cv::Mat* scene, cv::Mat* searched) {
  const cv::Mat small = frame.Shrunk(size_);
  *searched = small;
  *scene = SceneOf(small);
  std::vector<Face> faces = of_thread_.local()->Detect(small);
  const auto factor = static_cast<float>(std::max(frame.size().width, frame.size().height)) /
                      static_cast<float>(std::max(small.cols, small.rows));
  for (Face& face : faces) {
    face.box = {face.box.tl() * factor, face.box.size() * factor};
    for (cv::Point2f& point : face.landmarks) point *= factor;
  }
  return faces;
}

}  // namespace seam
