#include "extract/faces/dense_landmarks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <filesystem>

#include <dlib/array2d.h>
#include <dlib/image_processing/shape_predictor.h>
#include <opencv2/imgproc.hpp>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"

namespace seam {
namespace {

constexpr char kModel[] = "shape_predictor_68_face_landmarks.dat";
constexpr char kDebianFolder[] = "/usr/share/dlib";
constexpr char kHint[] = "install Debian's package libdlib-data, or name the file with --landmarks-model";
constexpr unsigned long kPoints = 68;
constexpr int kLeastSize = 96;  // of a crop, in pixels

std::string ModelFile(const LandmarkOptions& options) {
  if (!options.landmarks_model.empty()) return options.landmarks_model;
  const std::filesystem::path ours = FindShare(kModel);
  return ours.empty() ? (std::filesystem::path(kDebianFolder) / kModel).string() : ours.string();
}

// The square that dlib's own face detector would draw, in pixels of the crop: the predictor begins from the
// mean face in it. The eyes and the mouth tell it; detectors agree on their distance, but not on boxes. The
// numbers are medians over 307 photographs of faces that both HOG and RetinaFace find. A face without
// landmarks is HOG's, and its box is that square.
cv::Rect2f SquareInCrop(const Face& face, const CropOptions& options) {
  const auto size = static_cast<float>(options.size);
  auto side = static_cast<float>(options.size / (1 + options.margin));
  cv::Point2f centre(size / 2, size / 2);
  if (face.has_landmarks) {
    constexpr float kDown = 0.48F, kSide = 2.38F;
    const std::array<cv::Point2f, 5> points = LandmarksInCrop(face, options);
    const cv::Point2f eyes = (points[0] + points[1]) / 2, mouth = (points[3] + points[4]) / 2;
    centre = eyes + kDown * (mouth - eyes);
    side = static_cast<float>(kSide * cv::norm(mouth - eyes));
  }
  return {centre.x - side / 2, centre.y - side / 2, side, side};
}

// In what the predictor can be asked about: a detector may answer anything.
dlib::rectangle Whole(const cv::Rect2f& square, int size) {
  const auto whole = [size](float value) {
    const auto most = static_cast<float>(4 * size);
    return std::isfinite(value) ? std::lround(std::clamp(value, -most, most)) : 0L;
  };
  const long left = whole(square.x), top = whole(square.y), side = std::max(1L, whole(square.width));
  return {left, top, left + side - 1, top + side - 1};
}

}  // namespace

struct LandmarkPredictor::Impl {
  dlib::shape_predictor predictor;
};

void LandmarkOptions::Register(Options* options) {
  options->Add("landmarks", &landmarks, "68: also store so many points of each face, for self-blended images",
               {"none", "68"});
  options->Add("landmarks-model", &landmarks_model, "file of dlib's predictor of them (default: Debian's)");
}

void LandmarkOptions::Check(const CropOptions& crop) const {
  if (Wanted() && crop.size < kLeastSize) {
    throw UsageError("--landmarks", fmt::format("crops of {0}x{0} are too small to find them in", crop.size),
                     fmt::format("--size {} or more", kLeastSize));
  }
}

LandmarkPredictor::LandmarkPredictor(const LandmarkOptions& options) : impl_(std::make_unique<Impl>()) {
  const std::string file = ModelFile(options);
  if (!std::filesystem::is_regular_file(file))
    throw Error(file, "the predictor of 68 landmarks is missing", kHint);
  try {
    dlib::deserialize(file) >> impl_->predictor;
  } catch (const std::exception& error) {
    throw Error(file, std::string("cannot be loaded as dlib's predictor of landmarks: ") + error.what(),
                kHint);
  }
  if (impl_->predictor.num_parts() != kPoints) {
    throw Error(file, fmt::format("predicts {} landmarks, not {}", impl_->predictor.num_parts(), kPoints),
                kHint);
  }
}

LandmarkPredictor::~LandmarkPredictor() = default;

std::vector<cv::Point2f> LandmarkPredictor::Find(const cv::Mat& crop, const Face& face,
                                                 const CropOptions& options) const {
  cv::Mat grey;
  cv::cvtColor(crop, grey, cv::COLOR_RGB2GRAY);
  dlib::array2d<unsigned char> image(grey.rows, grey.cols);
  for (int y = 0; y < grey.rows; ++y) std::copy_n(grey.ptr(y), grey.cols, &image[y][0]);
  const dlib::full_object_detection shape =
      impl_->predictor(image, Whole(SquareInCrop(face, options), options.size));
  std::vector<cv::Point2f> points;
  for (unsigned long i = 0; i < kPoints; ++i) {
    points.emplace_back(static_cast<float>(shape.part(i).x()), static_cast<float>(shape.part(i).y()));
  }
  return points;
}

}  // namespace seam
