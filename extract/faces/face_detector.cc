#include "extract/faces/face_detector.h"

#include <algorithm>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "extract/faces/hog.h"
#include "extract/faces/retinaface.h"
#include "extract/faces/whole_picture.h"
#include "extract/faces/yunet.h"

namespace seam {
namespace {

struct DetectorEntry {
  const char* name;
  const char* weights;  // in Seam's share folder; nullptr: needs none
  const char* hint;     // how to get them
  int size;             // where --detect-size is 0
  double threshold;     // where --detect-threshold is 0
  bool landmarks;
  std::unique_ptr<FaceDetector> (*make)(const DetectorSettings& settings);
};

template <class Detector>
std::unique_ptr<FaceDetector> Make(const DetectorSettings& settings) {
  return std::make_unique<Detector>(settings);
}

std::unique_ptr<FaceDetector> MakeYuNet(const DetectorSettings& settings) {
  return settings.engine == DetectorEngine::kOpenCv ? Make<OpenCvYuNet>(settings) : Make<YuNet>(settings);
}

constexpr DetectorEntry kDetectors[] = {
    {"retinaface", "retinaface.onnx", "scripts/setup.sh fetches it; or name the file with --detector-model",
     320, 0.6, true, Make<RetinaFace>},
    {"yunet", "yunet.onnx",
     "name OpenCV's face_detection_yunet_2022mar.onnx with --detector-model; OpenCV from 4.8 on reads the "
     "2023mar file with --detector-engine opencv",
     320, 0.6, true, MakeYuNet},
    {"hog", nullptr, "", 640, 0.5, false, Make<Hog>},
    {kWholePicture, nullptr, "", 320, 0.5, false, Make<WholePicture>},
};

const DetectorEntry& FindDetector(const std::string& name) {
  for (const auto& entry : kDetectors) {
    if (name == entry.name) return entry;
  }
  throw UsageError("--detector", "'" + name + "' is not a face detector",
                   "choose retinaface, yunet, hog or whole");
}

}  // namespace

const std::vector<std::string>& DetectorNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& entry : kDetectors) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

DetectorOptions::DetectorOptions()
#ifdef SEAM_ONEDNN
    : detector_engine("seam")
#else
    : detector_engine("opencv")
#endif
{
}

DetectorEngine DetectorOptions::Engine() const {
  if (detector_engine == "seam") return DetectorEngine::kSeam;
  if (detector_engine == "opencv") return DetectorEngine::kOpenCv;
  throw UsageError("--detector-engine", "'" + detector_engine + "' is no engine", "choose seam or opencv");
}

void DetectorOptions::Register(Options* options) {
  options->Add("detector", &detector, "face detector; whole: none, the network sees the picture",
               DetectorNames());
  options->Add("detector-model", &detector_model, "file of the detector's weights (default: Seam's own)");
  options->Add("detector-engine", &detector_engine,
               "what runs retinaface and yunet: Seam's own networks, or OpenCV, which is slower",
               {"seam", "opencv"});
  options->Add("detect-size", &detect_size,
               "longer side of the picture searched for faces (0: the detector's own)",
               {.low = 32, .or_zero = true});
  options->Add("detect-threshold", &detect_threshold, "least score of a face (0: the detector's own)",
               Between(0, 1));
}

void DetectorOptions::Check() const { CheckDeclared(*this); }

int DetectorOptions::EffectiveSize() const {
  return detect_size > 0 ? detect_size : FindDetector(detector).size;
}

bool FindsLandmarks(const std::string& detector) { return FindDetector(detector).landmarks; }

std::unique_ptr<FaceDetector> MakeFaceDetector(const DetectorOptions& options) {
  const DetectorEntry& entry = FindDetector(options.detector);
  std::string weights = options.detector_model;
  if (entry.weights != nullptr) {
    if (weights.empty()) weights = FindShare(entry.weights).string();
    if (weights.empty()) throw Error(entry.weights, "the face detector's weights are missing", entry.hint);
    if (!std::filesystem::is_regular_file(weights))
      throw Error(weights, "no such file of detector weights", entry.hint);
  } else if (!weights.empty()) {
    throw UsageError("--detector-model", std::string(entry.name) + " takes no file");
  }
  const double threshold = options.detect_threshold > 0 ? options.detect_threshold : entry.threshold;
  const DetectorSettings settings = {weights, options.EffectiveSize(), threshold, options.Engine()};
  try {
    return entry.make(settings);
  } catch (const cv::Exception& error) {
    throw Error(weights, "cannot be loaded as " + options.detector + " weights: " + error.err, entry.hint);
  } catch (const Error& error) {
    std::string problem = error.what();
    if (problem.starts_with(weights + ": ")) problem = problem.substr(weights.size() + 2);
    throw Error(weights, "cannot be loaded as " + options.detector + " weights: " + problem, entry.hint,
                error.exit_code());
  }
}

cv::Mat ShrinkTo(const cv::Mat& picture, int size, float* scale) {
  const int longer = std::max(picture.cols, picture.rows);
  if (longer <= size) {
    *scale = 1;
    return picture;
  }
  *scale = static_cast<float>(size) / static_cast<float>(longer);
  const auto shrink = [&](int side) { return std::max(1, cvRound(static_cast<float>(side) * *scale)); };
  cv::Mat small;
  cv::resize(picture, small, {shrink(picture.cols), shrink(picture.rows)}, 0, 0, cv::INTER_AREA);
  return small;
}

}  // namespace seam
