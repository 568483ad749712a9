#include "extract/faces/retinaface.h"

#include <cmath>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "extract/faces/overlaps.h"

namespace seam {
namespace {

constexpr int kAnchors = 2;  // of each cell, square
constexpr float kOverlap = 0.4F;

struct Level {
  int stride;
  float sides[kAnchors];  // of the anchors, in pixels of the picture searched
};
constexpr Level kLevels[] = {{32, {512, 256}}, {16, {128, 64}}, {8, {32, 16}}};

// The network's landmark outputs are in fifths of the anchor's side.
constexpr float kLandmarkScale = 0.2F;

// The centre of the first cell's anchors, in pixels: that of a 16-pixel box whose corners are 0 and 15.
constexpr float kFirstCentre = 7.5F;

// Of an anchor's background and face OpenCV gives the probabilities, which are outputs of the file; Seam's
// engine the scores that the file makes them of, each anchor's two by a softmax.
std::vector<std::string> OutputNames(DetectorEngine engine) {
  std::vector<std::string> names;
  for (const Level& level : kLevels) {
    const char* scores = engine == DetectorEngine::kOpenCv ? "cls_prob_reshape" : "cls_score";
    for (const char* part : {scores, "bbox_pred", "landmark_pred"})
      names.push_back(fmt::format("face_rpn_{}_stride{}", part, level.stride));
  }
  return names;
}

}  // namespace

RetinaFace::RetinaFace(const DetectorSettings& settings)
    : engine_(settings.engine),
      network_(engine_ == DetectorEngine::kOpenCv
                   ? OpenCvDetectorNetwork(settings.weights, OutputNames(engine_))
                   : SeamDetectorNetwork(settings.weights, OutputNames(engine_))),
      size_(settings.size),
      threshold_(static_cast<float>(settings.threshold)) {}

std::vector<Face> RetinaFace::Detect(const cv::Mat& picture) {
  float scale = 1;
  const cv::Mat small = ShrinkTo(picture, size_, &scale);
  cv::Mat padded;
  const auto missing = [](int side) { return (32 - side % 32) % 32; };
  cv::copyMakeBorder(small, padded, 0, missing(small.rows), 0, missing(small.cols),
                     cv::BORDER_CONSTANT | cv::BORDER_ISOLATED);
  const std::vector<DetectorMap> found = network_->Run(padded);

  std::vector<Face> faces;
  for (std::size_t i = 0; i < std::size(kLevels); ++i) {
    for (int anchor = 0; anchor < kAnchors; ++anchor) {
      const Anchor each = {anchor, static_cast<float>(kLevels[i].stride), kLevels[i].sides[anchor]};
      Decode(each, found[3 * i], found[3 * i + 1], found[3 * i + 2], &faces);
    }
  }
  faces = WithoutOverlaps(faces, threshold_, kOverlap);
  for (Face& face : faces) {
    face.box = {face.box.x / scale, face.box.y / scale, face.box.width / scale, face.box.height / scale};
    for (cv::Point2f& point : face.landmarks) point *= 1 / scale;
  }
  return faces;
}

void RetinaFace::Decode(const Anchor& anchor, const DetectorMap& scores, const DetectorMap& boxes,
                        const DetectorMap& landmarks, std::vector<Face>* faces) const {
  // Channels of a cell: the anchors' scores of background, then those of a face; four numbers of each
  // anchor's box; ten of its landmarks.
  for (int cell = 0; cell < scores.cells(); ++cell) {
    const float face_value = scores.At(cell, kAnchors + anchor.number);
    const float score = engine_ == DetectorEngine::kOpenCv
                            ? face_value
                            : 1 / (1 + std::exp(scores.At(cell, anchor.number) - face_value));
    if (!(score > threshold_)) continue;
    const auto box_value = [&](int i) { return boxes.At(cell, 4 * anchor.number + i); };
    const auto point_value = [&](int i) { return landmarks.At(cell, 10 * anchor.number + i); };
    const cv::Point2f centre(kFirstCentre + anchor.stride * static_cast<float>(cell % scores.width()),
                             kFirstCentre + anchor.stride * static_cast<float>(cell / scores.width()));
    const cv::Point2f middle = centre + anchor.side * cv::Point2f(box_value(0), box_value(1));
    const float w = std::exp(box_value(2)) * anchor.side, h = std::exp(box_value(3)) * anchor.side;
    Face face;
    face.score = score;
    face.box = {middle.x - w / 2, middle.y - h / 2, w, h};
    for (int i = 0; i < 5; ++i) {
      face.landmarks[static_cast<std::size_t>(i)] =
          centre + kLandmarkScale * anchor.side * cv::Point2f(point_value(2 * i), point_value(2 * i + 1));
    }
    face.has_landmarks = true;
    faces->push_back(face);
  }
}

}  // namespace seam
