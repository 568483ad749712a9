#pragma once

#include <memory>
#include <vector>

#include <opencv2/core/mat.hpp>

#include <tbb/enumerable_thread_specific.h>

#include "extract/faces/face_detector.h"
#include "extract/media/video_frame.h"

namespace seam {

// A detector for each thread. One that is handed pictures of changing sizes plans its network anew each time,
// and a thread mostly stays with its video.
class Detectors {
 public:
  // Makes the first at once, so that missing weights are an error before any video is opened.
  explicit Detectors(const DetectorOptions& options);

  // The faces in the frame's own pixels. *scene becomes SceneOf() the frame, *searched the picture that faces
  // were looked for in.
  std::vector<Face> Detect(const VideoFrame& frame, cv::Mat* scene, cv::Mat* searched);

 private:
  int size_;
  tbb::enumerable_thread_specific<std::unique_ptr<FaceDetector>> of_thread_;
};

}  // namespace seam
