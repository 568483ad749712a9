#include "extract/faces/perturb.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/fnv.h"
#include "extract/media/video_reader.h"
#include "extract/media/video_writer.h"
#include "proto/picture_codec.h"

namespace seam {
namespace {

using Pixel = cv::Vec3b;  // RGB

// Calls `change` with each pixel; what it returns is rounded and clipped.
template <class Change>
cv::Mat ByPixel(const cv::Mat& picture, const Change& change) {
  cv::Mat changed(picture.size(), CV_8UC3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      const cv::Vec3f result = change(cv::Vec3f(picture.at<Pixel>(y, x)));
      for (int i = 0; i < 3; ++i) changed.at<Pixel>(y, x)[i] = cv::saturate_cast<std::uint8_t>(result[i]);
    }
  }
  return changed;
}

// Scaling Cb and Cr is moving every component towards Y' (BT.601).
cv::Mat Paler(const cv::Mat& picture, double share, std::uint64_t) {
  return ByPixel(picture, [p = static_cast<float>(share)](const cv::Vec3f& rgb) {
    const float luma = 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
    return cv::Vec3f(luma + p * (rgb[0] - luma), luma + p * (rgb[1] - luma), luma + p * (rgb[2] - luma));
  });
}

cv::Mat Darker(const cv::Mat& picture, double share, std::uint64_t) {
  cv::Mat changed;
  picture.convertTo(changed, CV_8UC3, share);
  return changed;
}

cv::Mat WithBlocks(const cv::Mat& picture, double blocks, std::uint64_t seed) {
  constexpr int kSide = 8, kGrey = 128;
  std::mt19937_64 engine(seed);
  const auto below = [&](int end) { return static_cast<int>(engine() % static_cast<std::uint64_t>(end)); };
  cv::Mat changed = picture.clone();
  const int count = std::min(picture.rows, picture.cols) / 256 * static_cast<int>(blocks);
  for (int i = 0; i < count; ++i) {
    const cv::Point corner(below(picture.cols - kSide + 1), below(picture.rows - kSide + 1));
    changed(cv::Rect(corner, cv::Size(kSide, kSide))).setTo(cv::Scalar::all(kGrey));
  }
  return changed;
}

// The noise has the unit of components that span 1 where luma has 219 and chroma 224 of 255 steps. Their way
// back from Y'CbCr is linear, so that it can be added to R, G and B directly.
cv::Mat WithNoise(const cv::Mat& picture, double variance, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  const auto deviation = static_cast<float>(std::sqrt(variance)) * 255;
  return ByPixel(picture, [&](const cv::Vec3f& rgb) {
    const float luma = normal(engine) * deviation * 255 / 219;
    const float blue = normal(engine) * deviation * 255 / 224, red = normal(engine) * deviation * 255 / 224;
    return cv::Vec3f(rgb[0] + luma + 1.402F * red, rgb[1] + luma - 0.344136F * blue - 0.714136F * red,
                     rgb[2] + luma + 1.772F * blue);
  });
}

cv::Mat Blurred(const cv::Mat& picture, double kernel, std::uint64_t) {
  const int side = static_cast<int>(kernel);
  cv::Mat changed;
  cv::GaussianBlur(picture, changed, {side, side}, kernel / 6);
  return changed;
}

cv::Mat Pixelated(const cv::Mat& picture, double factor, std::uint64_t) {
  const int by = static_cast<int>(factor);
  cv::Mat small, changed;
  cv::resize(picture, small, {std::max(1, picture.cols / by), std::max(1, picture.rows / by)}, 0, 0,
             cv::INTER_LINEAR);
  cv::resize(small, changed, picture.size(), 0, 0, cv::INTER_LINEAR);
  return changed;
}

cv::Mat ThroughJpeg(const cv::Mat& picture, double quality, std::uint64_t) {
  cv::Mat changed(picture.size(), CV_8UC3);
  Recompress(MakeView(picture), static_cast<int>(quality), changed.data);
  return changed;
}

cv::Mat Smaller(const cv::Mat& picture, double share, std::uint64_t) {
  cv::Mat changed;
  const cv::Size size(std::max(1, cvRound(picture.cols * share)), std::max(1, cvRound(picture.rows * share)));
  cv::resize(picture, changed, size, 0, 0, cv::INTER_AREA);
  return changed;
}

using Changer = cv::Mat (*)(const cv::Mat&, double parameter, std::uint64_t seed);

const std::map<std::string, Changer>& Changers() {
  static const std::map<std::string, Changer> changers = {
      {"saturation", &Paler}, {"contrast", &Darker},      {"blocks", &WithBlocks}, {"noise", &WithNoise},
      {"blur", &Blurred},     {"pixelation", &Pixelated}, {"jpeg", &ThroughJpeg},  {"resize", &Smaller}};
  return changers;
}

}  // namespace

cv::Mat Perturbed(const cv::Mat& picture, const Perturbation& perturbation, std::uint64_t seed) {
  if (perturbation.none() || picture.empty()) return picture;
  return Changers().at(perturbation.name)(picture, perturbation.parameter(), seed);
}

std::uint64_t PerturbationSeed(const std::filesystem::path& video, std::int64_t frame) {
  return Fnv1a().Add(video.filename().string()).Add(static_cast<std::uint64_t>(frame)).hash();
}

bool EncodeAnew(const std::filesystem::path& video, const Perturbation& perturbation,
                const MediaLimits& limits, Deadline deadline, const std::filesystem::path& to) {
  VideoReader reader(video, limits, deadline);
  std::unique_ptr<VideoWriter> writer;
  cv::Size size;
  while (const auto stamp = reader.Next()) {
    if (deadline.Stopped()) return false;
    cv::Mat picture = reader.Frame().Picture();
    if (writer == nullptr) {
      size = picture.size();
      VideoWriterOptions options;
      options.codec = "libx264";
      options.preset = "medium";
      options.crf = static_cast<int>(perturbation.parameter());
      options.threads = 1;  // videos share the cores; and the bytes then depend on no machine
      writer = std::make_unique<VideoWriter>(to, size, options);
    }
    if (picture.size() != size) cv::resize(picture, picture, size, 0, 0, cv::INTER_LINEAR);
    writer->Add(picture, stamp->pts_seconds);
  }
  if (deadline.Stopped()) return false;
  if (writer == nullptr) throw Error(video.string(), "no frame could be decoded");
  writer->Commit();
  return true;
}

}  // namespace seam
