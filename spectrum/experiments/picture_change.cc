#include "spectrum/experiments/picture_change.h"

#include <algorithm>
#include <random>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/fnv.h"
#include "proto/picture_codec.h"

namespace seam {
namespace {

constexpr PictureChange kCycle[] = {PictureChange::kNoise, PictureChange::kBlur, PictureChange::kJpeg,
                                    PictureChange::kCropping};

PictureChange ReadChange(const std::string& name) {
  const auto& names = PictureChangeNames();
  return static_cast<PictureChange>(std::find(names.begin(), names.end(), name) - names.begin());
}

}  // namespace

const std::vector<std::string>& PictureChangeNames() {
  // In the order of the enum.
  static const std::vector<std::string> names = {"none", "noise", "blur", "cropping", "jpeg", "combined"};
  return names;
}

cv::Mat WithNoise(const cv::Mat& picture, double deviation, std::uint64_t seed) {
  cv::RNG random(seed);
  cv::Mat noise(picture.size(), CV_MAKETYPE(CV_64F, picture.channels())), result;
  random.fill(noise, cv::RNG::NORMAL, 0, deviation);
  cv::add(picture, noise, result, cv::noArray(), CV_8U);  // saturates
  return result;
}

cv::Mat Blurred(const cv::Mat& picture, int kernel) {
  constexpr double kDeviation = 4;
  cv::Mat result;
  cv::GaussianBlur(picture, result, {kernel, kernel}, kDeviation);
  return result;
}

cv::Mat CroppedAndEnlarged(const cv::Mat& picture, double share) {
  const int x = static_cast<int>(picture.cols * share / 2), y = static_cast<int>(picture.rows * share / 2);
  const cv::Mat middle = picture(cv::Rect(x, y, picture.cols - 2 * x, picture.rows - 2 * y));
  cv::Mat result;
  cv::resize(middle, result, picture.size(), 0, 0, cv::INTER_CUBIC);
  return result;
}

cv::Mat Compressed(const cv::Mat& picture, int quality) {
  cv::Mat result(picture.size(), picture.type());
  Recompress(MakeView(picture), quality, result.data);
  return result;
}

void PictureChangeOptions::Register(Options* options) {
  options->Add("change", &change, "what is done to pictures first, as on their way through the net",
               PictureChangeNames());
  options->Add("change-share", &share, "of the pictures that are changed", Between(0, 1));
  options->Add("change-seed", &seed, "which are changed, and how much");
}

void PictureChangeOptions::Check() const { CheckDeclared(*this); }

nlohmann::json PictureChangeOptions::ToJson() const {
  return {{"change", change}, {"share", share}, {"seed", seed}};
}

cv::Mat Changed(const cv::Mat& picture, const PictureChangeOptions& options, const std::string& name,
                std::size_t number) {
  if (options.none()) return picture;
  std::mt19937_64 random(Fnv1a().Add(options.seed).Add(name).Add(std::uint64_t{number}).hash());
  const auto share = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  if (share() >= options.share) return picture;
  PictureChange change = ReadChange(options.change);
  if (change == PictureChange::kCombined) change = kCycle[number % std::size(kCycle)];
  switch (change) {
    case PictureChange::kNoise: {
      const double deviation = 5 + 15 * share();
      return WithNoise(picture, deviation, random());
    }
    case PictureChange::kBlur:
      return Blurred(picture, 3 + 2 * static_cast<int>(4 * share()));
    case PictureChange::kCropping:
      return CroppedAndEnlarged(picture, 0.05 + 0.15 * share());
    case PictureChange::kJpeg:
      return Compressed(picture, 10 + static_cast<int>(65 * share()));
    case PictureChange::kNone:
    case PictureChange::kCombined:
      break;
  }
  return picture;
}

}  // namespace seam
