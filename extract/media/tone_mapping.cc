#include "extract/media/tone_mapping.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace seam {
namespace {

constexpr float kWhite = 150, kPeak = 1000;  // cd/m2
constexpr std::size_t kCodes = 1 << 16;

// BT.2100, table 4: the brightness of a PQ code from 0 to 1, in cd/m2.
double PqBrightness(double code) {
  constexpr double kM1 = 2610.0 / 16384, kM2 = 2523.0 / 4096 * 128, kC1 = 3424.0 / 4096,
                   kC2 = 2413.0 / 4096 * 32, kC3 = 2392.0 / 4096 * 32;
  const double power = std::pow(code, 1 / kM2);
  return 10'000 * std::pow(std::max(power - kC1, 0.0) / (kC2 - kC3 * power), 1 / kM1);
}

// BT.2100, table 5: the light of the scene for an HLG code, both from 0 to 1.
double HlgLight(double code) {
  constexpr double kA = 0.17883277, kB = 1 - 4 * kA;
  static const double kC = 0.5 - kA * std::log(4 * kA);
  return code <= 0.5 ? code * code / 3 : (std::exp((code - kC) / kA) + kB) / 12;
}

std::vector<float> ToTable(double (*value)(double)) {
  std::vector<float> table(kCodes);
  for (std::size_t i = 0; i < kCodes; ++i)
    table[i] = static_cast<float>(value(static_cast<double>(i) / (kCodes - 1)));
  return table;
}

// 8-bit codes of sRGB (IEC 61966-2-1) for light from 0 to 1 in steps.
constexpr int kSteps = 1 << 14;
std::array<std::uint8_t, kSteps + 1> SrgbTable() {
  std::array<std::uint8_t, kSteps + 1> table = {};
  for (int i = 0; i <= kSteps; ++i) {
    const double light = static_cast<double>(i) / kSteps;
    const double code = light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
    table[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(std::lround(255 * code));
  }
  return table;
}

using Matrix = std::array<cv::Vec3f, 3>;

// From one triple of primaries to BT.709's, both with the white of D65 (ITU-R BT.2087 for BT.2020; P3 in the
// same way).
const Matrix& ToBt709(ColourGamut gamut) {
  static const Matrix kFrom709 = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  static const Matrix kFromP3 = {
      {{1.2249F, -0.2249F, 0.0F}, {-0.0421F, 1.0421F, 0.0F}, {-0.0196F, -0.0786F, 1.0983F}}};
  static const Matrix kFrom2020 = {
      {{1.6605F, -0.5876F, -0.0728F}, {-0.1246F, 1.1329F, -0.0083F}, {-0.0182F, -0.1006F, 1.1187F}}};
  if (gamut == ColourGamut::kP3) return kFromP3;
  return gamut == ColourGamut::kBt709 ? kFrom709 : kFrom2020;
}

// Light in units of white: the same up to the knee, then ever flatter up to 1 at the peak.
float Compressed(float light) {
  constexpr float kKnee = 0.75F, kRoom = 1 - kKnee, kAbove = kPeak / kWhite - kKnee;
  if (light <= kKnee) return light;
  const float over = std::min(light - kKnee, kAbove);
  // over / (over / kRoom + 1) begins with a slope of 1; the factor takes its end to kRoom.
  constexpr float kEnd = kAbove / (kAbove / kRoom + 1);
  return kKnee + over / (over / kRoom + 1) * (1 + (kRoom / kEnd - 1) * over / kAbove);
}

}  // namespace

cv::Mat ToneMapped(const cv::Mat& rgb, DynamicRange range, ColourGamut gamut) {
  static const std::vector<float> kPq = ToTable(PqBrightness), kHlg = ToTable(HlgLight);
  static const std::array<std::uint8_t, kSteps + 1> kSrgb = SrgbTable();
  const bool pq = range == DynamicRange::kPq;
  const std::vector<float>& table = pq ? kPq : kHlg;
  const Matrix& matrix = ToBt709(gamut);
  cv::Mat mapped(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* from = rgb.ptr<cv::Vec3w>(y);
    auto* to = mapped.ptr<cv::Vec3b>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      cv::Vec3f light(table[from[x][0]], table[from[x][1]], table[from[x][2]]);
      if (pq) {
        light *= 1 / kWhite;
      } else {
        // The scene's light as a screen shows it: its brightness to the power of 1.2.
        const float luminance = 0.2627F * light[0] + 0.6780F * light[1] + 0.0593F * light[2];
        light *= kPeak / kWhite * std::pow(std::max(luminance, 1e-6F), 0.2F);
      }
      const cv::Vec3f narrow(std::max(matrix[0].dot(light), 0.0F), std::max(matrix[1].dot(light), 0.0F),
                             std::max(matrix[2].dot(light), 0.0F));
      const float most = std::max({narrow[0], narrow[1], narrow[2], 1e-6F});
      const float scale = Compressed(most) / most;
      for (int c = 0; c < 3; ++c) {
        const float part = std::clamp(narrow[c] * scale, 0.0F, 1.0F);
        to[x][c] = kSrgb[static_cast<std::size_t>(part * kSteps + 0.5F)];
      }
    }
  }
  return mapped;
}

}  // namespace seam
