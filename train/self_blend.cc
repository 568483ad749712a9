#include "train/self_blend.h"

#include <array>
#include <cmath>
#include <cstdint>

#include <opencv2/imgproc.hpp>

#include "train/colour.h"
#include "train/random.h"

namespace seam {
namespace {

ColourDraw DrawColour(std::mt19937_64* engine) {
  constexpr double kShifted = 0.3;  // how often
  ColourDraw draw;
  const bool shifted = DrawBetween(engine, 0, 1) < kShifted;
  for (int i = 0; i < 3; ++i) draw.shift[i] = DrawBetween(engine, -20, 20) * (shifted ? 1 : 0);
  // The published hue and saturation change next to nothing; these are hardly seen.
  draw.hue = DrawBetween(engine, -3, 3);
  draw.saturation = DrawBetween(engine, 0.95, 1.05);
  draw.brightness = DrawBetween(engine, -0.1, 0.1);
  draw.contrast = DrawBetween(engine, 0.9, 1.1);
  const bool shrinks = Draw(engine, 2) == 0;
  const int factor = Draw(engine, 2) == 0 ? 2 : 4;
  draw.shrink = shrinks ? factor : 0;
  draw.sharpen = DrawBetween(engine, 0.2, 0.5);
  draw.lightness = DrawBetween(engine, 0.5, 1);
  return draw;
}

// Each pixel becomes matrix * (R, G, B, 1): the shift, then hue and saturation, then contrast and brightness.
cv::Matx34f ColourMatrix(const ColourDraw& draw) {
  constexpr double kMidGrey = 128;
  const cv::Matx33f turned = SaturationMatrix(draw.saturation) * HueMatrix(draw.hue);
  const cv::Vec3f shift = turned * cv::Vec3f(draw.shift);
  const auto contrast = static_cast<float>(draw.contrast);
  const auto level = static_cast<float>((1 - draw.contrast) * kMidGrey + 255 * draw.brightness);
  cv::Matx34f matrix;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) matrix(row, column) = contrast * turned(row, column);
    matrix(row, 3) = contrast * shift[row] + level;
  }
  return matrix;
}

// Nearest pixels down, straight lines up, as published: it leaves steps as a cheap generator's resizing does.
cv::Mat ShrunkAndBack(const cv::Mat& picture, int factor) {
  cv::Mat small, large;
  cv::resize(picture, small, {std::max(1, picture.cols / factor), std::max(1, picture.rows / factor)}, 0, 0,
             cv::INTER_NEAREST);
  cv::resize(small, large, picture.size(), 0, 0, cv::INTER_LINEAR);
  return large;
}

// Between the picture and one sharpened by its neighbours' Laplacian.
cv::Mat Sharpened(const cv::Mat& picture, double share, double lightness) {
  const auto around = static_cast<float>(-share);
  const auto centre = static_cast<float>((1 - share) + share * (8 + lightness));
  const cv::Matx33f kernel(around, around, around, around, centre, around, around, around, around);
  cv::Mat sharpened;
  cv::filter2D(picture, sharpened, -1, cv::Mat(kernel));
  return sharpened;
}

cv::Mat Changed(const cv::Mat& picture, const ColourDraw& draw) {
  cv::Mat coloured;
  cv::transform(picture, coloured, cv::Mat(ColourMatrix(draw)));
  return draw.shrink > 0 ? ShrunkAndBack(coloured, draw.shrink)
                         : Sharpened(coloured, draw.sharpen, draw.lightness);
}

// fake = weight * source + (1 - weight) * target, rounded; where the weight is 0, the target.
void Mix(const cv::Mat& source, const cv::Mat& target, const cv::Mat& weights, cv::Mat* fake) {
  cv::Mat each;  // the weight of each of the three numbers of a pixel
  cv::cvtColor(weights, each, cv::COLOR_GRAY2RGB);
  for (int y = 0; y < target.rows; ++y) {
    const auto *s = source.ptr<std::uint8_t>(y), *t = target.ptr<std::uint8_t>(y),
               *w = each.ptr<std::uint8_t>(y);
    auto* f = fake->ptr<std::uint8_t>(y);
    for (int i = 0; i < 3 * target.cols; ++i) {
      const std::uint32_t sum = std::uint32_t{w[i]} * s[i] + (255U - w[i]) * t[i];
      f[i] = static_cast<std::uint8_t>((sum + 128) * 257 >> 16);  // sum / 255, rounded
    }
  }
}

}  // namespace

SelfBlendDraw DrawSelfBlend(std::mt19937_64* engine) {
  constexpr std::array<double, 6> kRatios = {0.25, 0.5, 0.75, 1, 1, 1};
  SelfBlendDraw draw;
  draw.colour = DrawColour(engine);
  draw.change_source = Draw(engine, 2) == 0;
  draw.mask = DrawMask(engine);
  draw.ratio = kRatios[Draw(engine, kRatios.size())];
  return draw;
}

SelfBlender::SelfBlender(const SelfBlendDraw& draw, const std::vector<FacePoints>& points, int size)
    : draw_(draw), mask_(draw.mask, points, size) {}

cv::Mat SelfBlender::Weights(std::size_t frame) const {
  cv::Mat weights = mask_.Mask(frame);
  if (draw_.ratio < 1) weights.convertTo(weights, CV_8U, draw_.ratio);
  return weights;
}

void MakeReal(const SelfBlendDraw& draw, cv::Mat* picture) {
  if (!draw.change_source) Changed(*picture, draw.colour).copyTo(*picture);
}

void SelfBlender::MakeFake(std::size_t frame, cv::Mat* picture) const {
  const cv::Mat changed = Changed(*picture, draw_.colour);
  const cv::Mat& target = draw_.change_source ? *picture : changed;
  cv::Mat source;
  cv::warpAffine(draw_.change_source ? changed : *picture, source, mask_.Move(frame), picture->size(),
                 cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  Mix(source, target, Weights(frame), picture);
}

}  // namespace seam
