#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <opencv2/core/mat.hpp>

#include <tbb/enumerable_thread_specific.h>

#include "extract/faces/face_detector.h"
#include "extract/media/video_frame.h"

namespace seam {

// At which size faces are looked for: that of the options, or twice that, where the first search finds
// nobody.
enum class DetectLook : std::uint8_t { kUsual, kLarger };

// A detector for each thread that ever asks, kept as long as this: callers share a bounded set of threads.
// Those on Seam's engine share one network for each size of pictures; OpenCV's plan theirs anew when the size
// changes, and a thread mostly stays with its video.
class Detectors {
 public:
  // Makes the first at once, so that missing weights are an error before any video is opened.
  explicit Detectors(const DetectorOptions& options);

  // The faces in the frame's own pixels. *scene becomes ShrinkScene() the frame, *searched the picture that
  // faces were looked for in.
  std::vector<Face> Detect(const VideoFrame& frame, DetectLook look, cv::Mat* scene, cv::Mat* searched);

  // The longer side of the picture that is searched, at most.
  int FindSize(DetectLook look) const { return look == DetectLook::kUsual ? size_ : 2 * size_; }

 private:
  using OfThread = tbb::enumerable_thread_specific<std::unique_ptr<FaceDetector>>;

  int size_;
  OfThread usual_, larger_;
};

}  // namespace seam
