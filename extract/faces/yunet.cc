#include "extract/faces/yunet.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "extract/faces/overlaps.h"

namespace seam {
namespace {

// Of each cell of a map: boxes of these sides, in pixels of the picture searched, around its middle.
struct Level {
  const char*
      output;  // the file's name for the map, before its last steps, which only put it in another order
  float stride;
  std::vector<float> sides;
};

const std::vector<Level>& Levels() {
  static const std::vector<Level> levels = {
      {"242", 8, {10, 16, 24}}, {"249", 16, {32, 48}}, {"256", 32, {64, 96}}, {"263", 64, {128, 192, 256}}};
  return levels;
}

std::vector<std::string> OutputNames() {
  std::vector<std::string> names;
  for (const Level& level : Levels()) names.emplace_back(level.output);
  return names;
}

// The channels of an anchor: middle and size of the box, x and y of five points, the scores of background and
// face, and how well the box is thought to fit.
constexpr int kBox = 0, kPoints = 4, kBackground = 14, kFace = 15, kFit = 16, kChannels = 17;
// Places are in tenths of the anchor's side, sizes in powers of e of a tenth, or a fifth.
constexpr float kPlaceScale = 0.1F, kWidthScale = 0.1F, kHeightScale = 0.2F;
constexpr float kOverlap = 0.3F;
constexpr int kLeastSide = 64;  // of a picture that the coarsest map has a cell of

void Decode(const DetectorMap& map, const Level& level, float threshold, std::vector<Face>* faces) {
  for (int cell = 0; cell < map.cells(); ++cell) {
    const cv::Point2f middle((static_cast<float>(cell % map.width()) + 0.5F) * level.stride,
                             (static_cast<float>(cell / map.width()) + 0.5F) * level.stride);
    for (std::size_t anchor = 0; anchor < level.sides.size(); ++anchor) {
      const auto value = [&](int i) { return map.At(cell, kChannels * static_cast<int>(anchor) + i); };
      const float probability = 1 / (1 + std::exp(value(kBackground) - value(kFace)));
      const float score = std::sqrt(probability * std::clamp(value(kFit), 0.0F, 1.0F));
      if (!(score > threshold)) continue;
      const float side = level.sides[anchor];
      const auto point = [&](int i) {
        return middle + kPlaceScale * side * cv::Point2f(value(i), value(i + 1));
      };
      const cv::Point2f centre = point(kBox);
      const float w = side * std::exp(kWidthScale * value(kBox + 2)),
                  h = side * std::exp(kHeightScale * value(kBox + 3));
      Face face;
      face.score = score;
      face.box = {centre.x - w / 2, centre.y - h / 2, w, h};
      // The network's first point is the subject's right eye: the left one as seen.
      for (int i = 0; i < 5; ++i) face.landmarks[static_cast<std::size_t>(i)] = point(kPoints + 2 * i);
      face.has_landmarks = true;
      faces->push_back(face);
    }
  }
}

// What the network sees of a picture: BGR, black below and to the right of one that is too narrow.
cv::Mat Searched(const cv::Mat& picture, int size, float* scale) {
  cv::Mat bgr;
  cv::cvtColor(ShrinkTo(picture, size, scale), bgr, cv::COLOR_RGB2BGR);
  const auto missing = [](int side) { return std::max(0, kLeastSide - side); };
  cv::copyMakeBorder(bgr, bgr, 0, missing(bgr.rows), 0, missing(bgr.cols), cv::BORDER_CONSTANT);
  return bgr;
}

void Scale(float factor, std::vector<Face>* faces) {
  for (Face& face : *faces) {
    face.box = {face.box.tl() * factor, face.box.size() * factor};
    for (cv::Point2f& point : face.landmarks) point *= factor;
  }
}

}  // namespace

YuNet::YuNet(const DetectorSettings& settings)
    : network_(SeamDetectorNetwork(settings.weights, OutputNames())),
      size_(settings.size),
      threshold_(static_cast<float>(settings.threshold)) {}

std::vector<Face> YuNet::Detect(const cv::Mat& picture) {
  float scale = 1;
  const cv::Mat bgr = Searched(picture, size_, &scale);
  const std::vector<DetectorMap> maps = network_->Run(bgr);
  std::vector<Face> faces;
  for (std::size_t i = 0; i < maps.size(); ++i) Decode(maps[i], Levels()[i], threshold_, &faces);
  faces = WithoutOverlaps(faces, threshold_, kOverlap);
  Scale(1 / scale, &faces);
  return faces;
}

OpenCvYuNet::OpenCvYuNet(const DetectorSettings& settings)
    : detector_(cv::FaceDetectorYN::create(settings.weights, "", {settings.size, settings.size},
                                           static_cast<float>(settings.threshold))),
      size_(settings.size) {}

std::vector<Face> OpenCvYuNet::Detect(const cv::Mat& picture) {
  float scale = 1;
  const cv::Mat bgr = Searched(picture, size_, &scale);
  detector_->setInputSize(bgr.size());
  cv::Mat found;  // [faces, 15]: box, five points, score
  detector_->detect(bgr, found);

  std::vector<Face> faces;
  for (int i = 0; i < found.rows; ++i) {
    const float* row = found.ptr<float>(i);
    Face face;
    face.box = {row[0], row[1], row[2], row[3]};
    for (std::size_t k = 0; k < 5; ++k) face.landmarks[k] = {row[4 + 2 * k], row[5 + 2 * k]};
    face.has_landmarks = true;
    face.score = row[14];
    faces.push_back(face);
  }
  std::stable_sort(faces.begin(), faces.end(),
                   [](const Face& a, const Face& b) { return a.score > b.score; });
  Scale(1 / scale, &faces);
  return faces;
}

}  // namespace seam
