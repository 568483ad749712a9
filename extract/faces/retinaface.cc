#include "extract/faces/retinaface.h"

#include <cmath>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

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

std::vector<Face> WithoutOverlaps(const std::vector<Face>& faces, float threshold) {
  std::vector<cv::Rect2d> boxes;
  std::vector<float> scores;
  for (const Face& face : faces) {
    boxes.emplace_back(face.box);
    scores.push_back(face.score);
  }
  std::vector<int> kept;
  cv::dnn::NMSBoxes(boxes, scores, threshold, kOverlap, kept);
  std::vector<Face> result;
  for (const int index : kept) result.push_back(faces[static_cast<std::size_t>(index)]);
  return result;
}

}  // namespace

RetinaFace::RetinaFace(const std::string& weights, int size, double threshold)
    : net_(cv::dnn::readNetFromONNX(weights)), size_(size), threshold_(static_cast<float>(threshold)) {
  for (const Level& level : kLevels) {
    outputs_.push_back(fmt::format("face_rpn_cls_prob_reshape_stride{}", level.stride));
    outputs_.push_back(fmt::format("face_rpn_bbox_pred_stride{}", level.stride));
    outputs_.push_back(fmt::format("face_rpn_landmark_pred_stride{}", level.stride));
  }
  for (const std::string& output : outputs_) {
    if (net_.getLayerId(output) < 0)
      throw Error(weights, "is another network than RetinaFace: no output " + output);
  }
}

std::vector<Face> RetinaFace::Detect(const cv::Mat& picture) {
  float scale = 1;
  const cv::Mat small = ShrinkTo(picture, size_, &scale);
  cv::Mat padded;
  const auto missing = [](int side) { return (32 - side % 32) % 32; };
  cv::copyMakeBorder(small, padded, 0, missing(small.rows), 0, missing(small.cols), cv::BORDER_CONSTANT);
  net_.setInput(cv::dnn::blobFromImage(padded));
  std::vector<cv::Mat> found;
  net_.forward(found, outputs_);

  std::vector<Face> faces;
  for (std::size_t i = 0; i < std::size(kLevels); ++i) {
    for (int anchor = 0; anchor < kAnchors; ++anchor) {
      const Anchor each = {anchor, static_cast<float>(kLevels[i].stride), kLevels[i].sides[anchor]};
      Decode(each, found[3 * i], found[3 * i + 1], found[3 * i + 2], &faces);
    }
  }
  faces = WithoutOverlaps(faces, threshold_);
  for (Face& face : faces) {
    face.box = {face.box.x / scale, face.box.y / scale, face.box.width / scale, face.box.height / scale};
    for (cv::Point2f& point : face.landmarks) point *= 1 / scale;
  }
  return faces;
}

void RetinaFace::Decode(const Anchor& anchor, const cv::Mat& probability, const cv::Mat& boxes,
                        const cv::Mat& landmarks, std::vector<Face>* faces) const {
  // [1, 2 * kAnchors, H, W]: background of each anchor, then face; [1, 4 * kAnchors, H, W]; [1, 10 *
  // kAnchors, H, W]
  const int width = probability.size[3], cells = probability.size[2] * width;
  const float* scores = probability.ptr<float>(0, kAnchors + anchor.number);
  for (int cell = 0; cell < cells; ++cell) {
    if (!(scores[cell] > threshold_)) continue;
    const auto box_value = [&](int i) { return boxes.ptr<float>(0, 4 * anchor.number + i)[cell]; };
    const auto point_value = [&](int i) { return landmarks.ptr<float>(0, 10 * anchor.number + i)[cell]; };
    const cv::Point2f centre(kFirstCentre + anchor.stride * static_cast<float>(cell % width),
                             kFirstCentre + anchor.stride * static_cast<float>(cell / width));
    const cv::Point2f middle = centre + anchor.side * cv::Point2f(box_value(0), box_value(1));
    const float w = std::exp(box_value(2)) * anchor.side, h = std::exp(box_value(3)) * anchor.side;
    Face face;
    face.score = scores[cell];
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
