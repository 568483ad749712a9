#include "extract/faces/hog.h"

#include <algorithm>
#include <cmath>

#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <opencv2/imgproc.hpp>

namespace seam {

struct Hog::Impl {
  dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
};

Hog::Hog(const DetectorSettings& settings)
    : impl_(std::make_unique<Impl>()), size_(settings.size), threshold_(settings.threshold) {}

Hog::~Hog() = default;

std::vector<Face> Hog::Detect(const cv::Mat& picture) {
  float scale = 1;
  cv::Mat grey;
  cv::cvtColor(ShrinkTo(picture, size_, &scale), grey, cv::COLOR_RGB2GRAY);
  dlib::array2d<unsigned char> image(grey.rows, grey.cols);
  for (int y = 0; y < grey.rows; ++y) std::copy_n(grey.ptr(y), grey.cols, &image[y][0]);

  // The margin at which the score reaches the threshold.
  const double clamped = std::clamp(threshold_, 1e-6, 1 - 1e-6);
  std::vector<std::pair<double, dlib::rectangle>> found;
  impl_->detector(image, found, std::log(clamped / (1 - clamped)));

  std::vector<Face> faces;
  for (const auto& [margin, box] : found) {
    Face face;
    face.box = {static_cast<float>(box.left()) / scale, static_cast<float>(box.top()) / scale,
                static_cast<float>(box.width()) / scale, static_cast<float>(box.height()) / scale};
    face.score = static_cast<float>(1 / (1 + std::exp(-margin)));
    faces.push_back(face);
  }
  std::stable_sort(faces.begin(), faces.end(),
                   [](const Face& a, const Face& b) { return a.score > b.score; });
  return faces;
}

}  // namespace seam
