#include "train/data/self_blend.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "train/data/colour.h"

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

cv::Mat Times(double ratio, const cv::Mat& mask) {
  cv::Mat weights = mask;
  if (ratio < 1) mask.convertTo(weights, CV_8U, ratio);
  return weights;
}

// The map that does `first`, then `second`.
cv::Matx23d After(const cv::Matx23d& first, const cv::Matx23d& second) {
  const cv::Matx33d whole(first(0, 0), first(0, 1), first(0, 2), first(1, 0), first(1, 1), first(1, 2), 0, 0,
                          1);
  return second * whole;
}

// Where the weights are, each colour's mean and deviation go `share` of the way to the target's (Reinhard et
// al., "Color Transfer between Images", IEEE CG&A 2001, equation 10, in RGB).
void MatchColours(const cv::Mat& target, const cv::Mat& weights, double share, cv::Mat* picture) {
  const cv::Mat inside = weights > 0;
  cv::Vec4d mean, deviation, wanted, wanted_deviation;
  cv::meanStdDev(*picture, mean, deviation, inside);
  cv::meanStdDev(target, wanted, wanted_deviation, inside);
  cv::Matx34f matrix = cv::Matx34f::zeros();
  for (int i = 0; i < 3; ++i) {
    const double factor = 1 + share * (wanted_deviation[i] / std::max(deviation[i], 1.0) - 1);
    const double level = mean[i] + share * (wanted[i] - mean[i]);
    matrix(i, i) = static_cast<float>(factor);
    matrix(i, 3) = static_cast<float>(level - factor * mean[i]);
  }
  cv::transform(*picture, *picture, cv::Mat(matrix));
}

}  // namespace

SelfBlendDraw DrawSelfBlend(std::mt19937_64* engine, const FakesOptions& options) {
  constexpr std::array<double, 6> kRatios = {0.25, 0.5, 0.75, 1, 1, 1};
  SelfBlendDraw draw;
  draw.colour = DrawColour(engine);
  draw.change_source = Draw(engine, 2) == 0;
  draw.mask = DrawMask(engine);
  draw.ratio = kRatios[Draw(engine, kRatios.size())];
  if (DrawBetween(engine, 0, 1) < options.sbi_plain) draw.colour.shrink = 0, draw.colour.sharpen = 0;
  draw.swap = DrawBetween(engine, 0, 1) < options.sbi_swap;
  if (draw.swap) draw.match = DrawBetween(engine, 0.4, 1);
  if (options.sbi_mouth > 0 && DrawBetween(engine, 0, 1) < options.sbi_mouth) {
    draw.mouth = DrawMouth(engine);
    draw.mask.shape = MaskShape::kLower;
    draw.colour.shrink = 0, draw.colour.sharpen = 0;  // the mouth has its own loss of details
    draw.ratio = 1;
    draw.swap = false;
  }
  return draw;
}

SelfBlender::SelfBlender(const SelfBlendDraw& draw, const std::vector<FacePoints>& points, int size)
    : draw_(draw), mask_(draw.mask, points, size) {}

cv::Mat SelfBlender::Weights(std::size_t frame) const { return Times(draw_.ratio, mask_.Mask(frame)); }

void MakeReal(const SelfBlendDraw& draw, cv::Mat* picture) {
  if (!draw.change_source) Changed(*picture, draw.colour).copyTo(*picture);
}

void SelfBlender::MakeFake(std::size_t frame, cv::Mat* picture, const DonorFace* donor, cv::Mat* xray) const {
  const cv::Mat changed = Changed(*picture, draw_.colour);
  const cv::Mat& target = draw_.change_source ? *picture : changed;
  const cv::Mat mask = mask_.Mask(frame);
  if (xray != nullptr) cv::multiply(mask, cv::Scalar::all(255) - mask, *xray, 4.0 / 255);
  cv::Matx23d move = mask_.Move(frame);
  cv::Mat source = draw_.change_source ? changed : *picture;
  if (draw_.mouth) source = WithMouth(*draw_.mouth, source, mask_.Points(frame));
  if (donor != nullptr) {
    source = draw_.change_source ? Changed(donor->picture, draw_.colour) : donor->picture;
    move = After(FitAffine(donor->points, mask_.Points(frame)).map, move);
  }
  cv::Mat moved;
  cv::warpAffine(source, moved, move, picture->size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  if (donor != nullptr) MatchColours(target, mask, draw_.match, &moved);
  // Two faces, one through the other, are no face swap's trace.
  Mix(moved, target, Times(donor != nullptr ? 1 : draw_.ratio, mask), picture);
}

}  // namespace seam
