#include "transforms/picture_channels.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <opencv2/imgproc.hpp>

#include "base/comma_list.h"
#include "base/error.h"
#include "transforms/dct.h"
#include "transforms/fourier.h"
#include "transforms/local_binary_pattern.h"

namespace seam {
namespace {

cv::Mat ToGrey(const std::uint8_t* picture, int height, int width, const std::array<int, 3>& weights) {
  constexpr int kShift = 15, kHalf = 1 << (kShift - 1);
  cv::Mat grey(height, width, CV_8U);
  for (int y = 0; y < height; ++y) {
    auto* to = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < width; ++x, picture += 3) {
      const int sum = weights[0] * picture[0] + weights[1] * picture[1] + weights[2] * picture[2];
      to[x] = static_cast<std::uint8_t>((sum + kHalf) >> kShift);
    }
  }
  return grey;
}

cv::Mat ComputeGradient(const cv::Mat& grey) {
  constexpr int kKernel = 7;
  cv::Mat across, down, result;
  cv::Sobel(grey, across, CV_64F, 1, 0, kKernel);
  cv::Sobel(grey, down, CV_64F, 0, 1, kKernel);
  cv::magnitude(across, down, result);
  return result;
}

cv::Mat ComputeFft(const cv::Mat& grey) {
  constexpr double kOffset = 1e-9;
  HalfSpectrum half;
  TransformPicture(grey, &half);
  cv::Mat moduli;
  cv::magnitude(half.real, half.imaginary, moduli);
  moduli += kOffset;
  cv::log(moduli, moduli);
  return 20 * UnfoldSpectrum(moduli, grey.rows, grey.cols);
}

cv::Mat ComputeDct(const cv::Mat& grey) {
  cv::Mat coefficients = OrthonormalDct(grey);
  LogScale(&coefficients);
  return coefficients;
}

// F = 0 has the angle 0.
cv::Mat ComputePhase(const std::uint8_t* picture, int height, int width) {
  constexpr double kMiddle = 3 * kWhite / 2;
  cv::Mat sum(height, width, CV_64F), result;
  for (int y = 0; y < height; ++y) {
    auto* to = sum.ptr<double>(y);
    for (int x = 0; x < width; ++x, picture += 3) to[x] = picture[0] + picture[1] + picture[2] - kMiddle;
  }
  cv::Mat transform;
  cv::dft(sum, transform, cv::DFT_COMPLEX_OUTPUT);
  transform.forEach<cv::Vec2d>([](cv::Vec2d& value, const int* /*at*/) {
    const double modulus = std::sqrt(value[0] * value[0] + value[1] * value[1]);
    value = modulus > 0 ? value / modulus : cv::Vec2d(1, 0);
  });
  cv::idft(transform, result, cv::DFT_REAL_OUTPUT | cv::DFT_SCALE);
  return result;
}

// Writes `map` to every `step`th number from `to` on, divided by `divisor`.
void Spread(const cv::Mat& map, double divisor, int step, float* to) {
  cv::Mat numbers;
  map.convertTo(numbers, CV_64F);
  for (int y = 0; y < numbers.rows; ++y) {
    const auto* from = numbers.ptr<double>(y);
    for (int x = 0; x < numbers.cols; ++x, to += step) *to = static_cast<float>(from[x] / divisor);
  }
}

}  // namespace

const std::vector<std::string>& PictureChannelNames() {
  static const std::vector<std::string> names = {"rgb", "grey", "gradient", "fft", "lbp", "dct", "phase"};
  return names;
}

std::vector<PictureChannel> ParsePictureChannels(const std::string& text, const std::string& subject) {
  const std::vector<std::string>& names = PictureChannelNames();
  std::vector<PictureChannel> channels;
  for (const std::string& name : SplitAtCommas(text)) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      throw UsageError(subject, fmt::format("'{}' is no channel of a picture", Printable(name)),
                       fmt::format("choose from: {}", fmt::join(names, ", ")));
    }
    const auto channel = static_cast<PictureChannel>(found - names.begin());
    if (std::find(channels.begin(), channels.end(), channel) != channels.end())
      throw UsageError(subject, fmt::format("{} stands twice", name));
    channels.push_back(channel);
  }
  return channels;
}

int CountNumbers(const std::vector<PictureChannel>& channels) {
  int count = 0;
  for (const PictureChannel channel : channels) count += channel == PictureChannel::kRgb ? 3 : 1;
  return count;
}

void ComputeChannels(const std::uint8_t* picture, int height, int width,
                     const std::vector<PictureChannel>& channels, float* to) {
  const int step = CountNumbers(channels);
  const auto has = [&](std::initializer_list<PictureChannel> some) {
    return std::find_first_of(channels.begin(), channels.end(), some.begin(), some.end()) != channels.end();
  };
  cv::Mat exchanged, usual;
  if (has({PictureChannel::kGradient, PictureChannel::kFft, PictureChannel::kLbp}))
    exchanged = ToGrey(picture, height, width, kGreyOfBgr);
  if (has({PictureChannel::kGrey, PictureChannel::kDct})) usual = ToGrey(picture, height, width, kGreyOfRgb);
  for (const PictureChannel channel : channels) {
    switch (channel) {
      case PictureChannel::kRgb: {
        for (int i = 0; i < height * width * 3; ++i)
          to[i / 3 * step + i % 3] = static_cast<float>(picture[i] / kWhite);
        to += 2;
        break;
      }
      case PictureChannel::kGrey:
        Spread(usual, kWhite, step, to);
        break;
      case PictureChannel::kGradient:
        Spread(ComputeGradient(exchanged), kWhite, step, to);
        break;
      case PictureChannel::kFft:
        Spread(ComputeFft(exchanged), kWhite, step, to);
        break;
      case PictureChannel::kLbp:
        Spread(LocalBinaryPattern(exchanged), kWhite, step, to);
        break;
      case PictureChannel::kDct:
        Spread(ComputeDct(usual), 1, step, to);
        break;
      case PictureChannel::kPhase:
        Spread(ComputePhase(picture, height, width), 1, step, to);
        break;
    }
    ++to;
  }
}

}  // namespace seam
