#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "base/options.h"

namespace seam {

// A detection, in pixels of the upright frame; the box may reach outside it.
struct Face {
  cv::Rect2f box;
  float score = 0;  // 0 to 1
  // Left and right eye, nose, left and right mouth corner, as seen in the picture; only where has_landmarks.
  std::array<cv::Point2f, 5> landmarks = {};
  bool has_landmarks = false;
};

// Finds faces in a picture. Not for several threads at once: each has a detector of its own.
class FaceDetector {
 public:
  virtual ~FaceDetector() = default;
  // `picture`: 8-bit RGB [height, width, 3]. Best score first.
  virtual std::vector<Face> Detect(const cv::Mat& picture) = 0;
};

// What runs a detector's network. Both find the same boxes, to a hundredth of a pixel.
enum class DetectorEngine {
  kSeam,    // models/networks, on oneDNN's kernels
  kOpenCv,  // OpenCV DNN, several times slower
};

// What a detector is made with.
struct DetectorSettings {
  std::string weights;  // file
  int size = 0;
  double threshold = 0;
  DetectorEngine engine = DetectorEngine::kSeam;
};

struct DetectorOptions {
  std::string detector = "retinaface";
  std::string detector_model;   // file of weights; empty: Seam's share folder
  std::string detector_engine;  // seam, opencv; the constructor's choice where oneDNN is missing: opencv
  int detect_size = 0;          // longer side of the picture that is searched, at most; 0: the detector's own
  double detect_threshold = 0;  // least score of a face; 0: the detector's own
  DetectorOptions();
  void Register(Options* options);
  void Check() const;
  DetectorEngine Engine() const;
  // The size that is used: detect_size, or the detector's own where it is 0.
  int EffectiveSize() const;
};

// Whether the detector of this name finds landmarks.
bool FindsLandmarks(const std::string& detector);

// The names of the table in face_detector.cc.
const std::vector<std::string>& DetectorNames();

// By name from the table in face_detector.cc. An Error when its weights are missing says how to get them:
// another detector is never taken quietly.
std::unique_ptr<FaceDetector> MakeFaceDetector(const DetectorOptions& options);

// `picture` made smaller, if need be, so that its longer side is at most `size`; *scale is small side / big
// side.
cv::Mat ShrinkTo(const cv::Mat& picture, int size, float* scale);

}  // namespace seam
