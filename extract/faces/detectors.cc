#include "extract/faces/detectors.h"

#include <algorithm>

#include "extract/faces/tracker.h"

namespace seam {

Detectors::Detectors(const DetectorOptions& options)
    : size_(options.EffectiveSize()),
      usual_([options] { return MakeFaceDetector(options); }),
      larger_([options, size = FindSize(DetectLook::kLarger)] {
        DetectorOptions more = options;
        more.detect_size = size;
        return MakeFaceDetector(more);
      }) {
  usual_.local();
}

std::vector<Face> Detectors::Detect(const VideoFrame& frame, DetectLook look, cv::Mat* scene,
                                    cv::Mat* searched) {
  const cv::Mat small = frame.Shrunk(FindSize(look));
  *searched = small;
  *scene = ShrinkScene(small);
  std::vector<Face> faces = (look == DetectLook::kUsual ? usual_ : larger_).local()->Detect(small);
  const auto factor = static_cast<float>(std::max(frame.size().width, frame.size().height)) /
                      static_cast<float>(std::max(small.cols, small.rows));
  for (Face& face : faces) {
    face.box = {face.box.tl() * factor, face.box.size() * factor};
    for (cv::Point2f& point : face.landmarks) point *= factor;
  }
  return faces;
}

}  // namespace seam
