#include "train/data/augment.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/numbers.h"
#include "base/random.h"
#include "proto/picture_codec.h"
#include "train/data/colour.h"

namespace seam {
namespace {

struct Entry {
  const char* name;
  const char* help;
  double least, most;  // what makes sense
  AugmentRange standard, strong;
};

// By Augment.
constexpr std::array<Entry, kAugments> kEntries = {{
    {"flip", "mirror left to right", 0, 0, {0.5, 0, 0}, {0.5, 0, 0}},
    {"warp", "bend: share of the side", 0, 0.06, {0, 0.01, 0.04}, {0, 0.01, 0.04}},
    {"crop", "keep a part: share of the area", 0.05, 1, {0.5, 0.7, 1}, {0.5, 0.6, 1}},
    {"downscale", "smaller and larger again: factor", 0.05, 1, {0.1, 0.4, 0.9}, {0.3, 0.25, 0.9}},
    {"blur", "Gaussian blur: sigma in pixels", 0.05, 20, {0.1, 0.3, 1.5}, {0.2, 0.3, 2.5}},
    {"brightness", "add: share of 255", -1, 1, {0.3, -0.1, 0.1}, {0.4, -0.2, 0.2}},
    {"contrast", "factor around the mean", 0, 10, {0.3, 0.8, 1.2}, {0.4, 0.6, 1.4}},
    {"saturation", "factor", 0, 10, {0.2, 0.7, 1.3}, {0.3, 0.5, 1.5}},
    {"hue", "turn: degrees", -180, 180, {0.2, -8, 8}, {0.3, -15, 15}},
    {"grey", "take the colour away", 0, 0, {0.02, 0, 0}, {0.1, 0, 0}},
    {"noise", "Gaussian noise: sigma in 0 to 255", 0, 128, {0.1, 1, 5}, {0.2, 1, 10}},
    {"jpeg", "compress again, 4:2:0: quality", 1, 100, {0.3, 50, 95}, {0.6, 30, 95}},
    {"cutout", "a grey square: share of the side", 0, 1, {0.05, 0.1, 0.3}, {0.2, 0.1, 0.4}},
}};

std::vector<double> Numbers(const std::string& text, const std::string& option) {
  const auto numbers = ParseNumbers<double>(text);
  const auto finite = [](double number) { return std::isfinite(number); };
  if (numbers && std::all_of(numbers->begin(), numbers->end(), finite)) return *numbers;
  throw UsageError(option, fmt::format("'{}' is not P or P,LOW,HIGH", text),
                   option + " 0.5 changes how often");
}

AugmentRange FindRange(const Entry& entry, AugmentRange range, const std::string& text) {
  if (text.empty()) return range;
  const std::string option = fmt::format("--augment-{}", entry.name);
  const std::vector<double> numbers = Numbers(text, option);
  const bool ranged = entry.least != entry.most;
  if (numbers.size() != 1 && !(ranged && numbers.size() == 3)) {
    throw UsageError(option, fmt::format("'{}' has {} numbers", text, numbers.size()),
                     ranged ? "P or P,LOW,HIGH" : "one number: how often");
  }
  range.probability = numbers[0];
  if (range.probability < 0 || range.probability > 1)
    throw UsageError(option, fmt::format("{} is not a probability", range.probability), "from 0 to 1");
  if (numbers.size() == 1) return range;
  range.low = numbers[1];
  range.high = numbers[2];
  if (range.low > range.high || range.low < entry.least || range.high > entry.most) {
    throw UsageError(option, fmt::format("{} to {} is no range of it", range.low, range.high),
                     fmt::format("{} to {} at most", entry.least, entry.most));
  }
  return range;
}

// Moves the knots of a grid by up to `share` of the side across and down, and what lies between them smoothly
// with them: by a cubic, which goes up to 1.9 times as far.
void Warp(double share, std::uint64_t seed, cv::Mat* picture) {
  const int side = picture->cols;
  cv::RNG random(seed);
  cv::Mat knots(4, 4, CV_32FC2), shift;
  random.fill(knots, cv::RNG::UNIFORM, -share * side, share * side);
  cv::resize(knots, shift, picture->size(), 0, 0, cv::INTER_CUBIC);
  for (int y = 0; y < side; ++y) {
    auto* row = shift.ptr<cv::Vec2f>(y);
    for (int x = 0; x < side; ++x) row[x] += cv::Vec2f(static_cast<float>(x), static_cast<float>(y));
  }
  cv::Mat bent;
  cv::remap(*picture, bent, shift, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  bent.copyTo(*picture);
}

void Crop(double area, double x, double y, cv::Mat* picture) {
  const int side = std::clamp(cvRound(std::sqrt(area) * picture->cols), 1, picture->cols);
  const int room = picture->cols - side;
  const cv::Rect part(cvRound(x * room), cvRound(y * room), side, side);
  cv::Mat resized;
  cv::resize((*picture)(part), resized, picture->size(), 0, 0, cv::INTER_LINEAR);
  resized.copyTo(*picture);
}

void Downscale(double factor, cv::Mat* picture) {
  const int side = std::max(1, cvRound(factor * picture->cols));
  cv::Mat small;
  cv::resize(*picture, small, {side, side}, 0, 0, cv::INTER_AREA);
  cv::Mat large;
  cv::resize(small, large, picture->size(), 0, 0, cv::INTER_LINEAR);
  large.copyTo(*picture);
}

void Transform(const cv::Matx33f& matrix, cv::Mat* picture) {
  cv::Mat changed;
  cv::transform(*picture, changed, cv::Mat(matrix));
  changed.copyTo(*picture);
}

void AddNoise(double sigma, std::uint64_t seed, cv::Mat* picture) {
  cv::RNG random(seed);
  cv::Mat noise(picture->size(), CV_16SC3), wide;
  random.fill(noise, cv::RNG::NORMAL, 0, sigma);
  cv::add(*picture, noise, wide, cv::noArray(), CV_16S);
  wide.convertTo(*picture, CV_8U);
}

void Compress(double quality, cv::Mat* picture) {
  cv::Mat changed(picture->size(), CV_8UC3);
  Recompress(MakeView(*picture), cvRound(quality), changed.data);
  changed.copyTo(*picture);
}

void CutOut(double share, double x, double y, int value, cv::Mat* picture) {
  const int side = cvRound(share * picture->cols), room = picture->cols - side;
  (*picture)(cv::Rect(cvRound(x * room), cvRound(y * room), side, side)).setTo(cv::Scalar::all(value));
}

void ApplyStep(const Augmentation::Step& step, int frame, cv::Mat* picture) {
  const double amount = step.amount;
  switch (step.what) {
    case Augment::kFlip:
      cv::flip(*picture, *picture, 1);
      break;
    case Augment::kWarp:
      Warp(amount, step.noise, picture);
      break;
    case Augment::kCrop:
      Crop(amount, step.x, step.y, picture);
      break;
    case Augment::kDownscale:
      Downscale(amount, picture);
      break;
    case Augment::kBlur:
      cv::GaussianBlur(*picture, *picture, {}, amount, amount, cv::BORDER_REFLECT_101);
      break;
    case Augment::kBrightness:
      picture->convertTo(*picture, -1, 1, 255 * amount);
      break;
    case Augment::kContrast: {
      const cv::Scalar mean = cv::mean(*picture);
      const double grey = (mean[0] + mean[1] + mean[2]) / 3;
      picture->convertTo(*picture, -1, amount, (1 - amount) * grey);
      break;
    }
    case Augment::kSaturation:
      Transform(SaturationMatrix(amount), picture);
      break;
    case Augment::kHue:
      Transform(HueMatrix(amount), picture);
      break;
    case Augment::kGrey:
      Transform(SaturationMatrix(0), picture);
      break;
    case Augment::kNoise:
      AddNoise(amount, step.noise + static_cast<std::uint64_t>(frame), picture);
      break;
    case Augment::kJpeg:
      Compress(amount, picture);
      break;
    case Augment::kCutout:
      CutOut(amount, step.x, step.y, 128, picture);
      break;
  }
}

}  // namespace

void AugmentOptions::Register(Options* options) {
  options->Add("augment", &recipe,
               "what happens to training clips at random; docs/training.md has the numbers",
               {"none", "flip", "standard", "strong"});
  for (std::size_t i = 0; i < kAugments; ++i) {
    options->Add(fmt::format("augment-{}", kEntries[i].name), &own[i],
                 fmt::format("{}; P or P,LOW,HIGH instead of the recipe's", kEntries[i].help));
  }
}

void AugmentOptions::Check() const { Ranges(); }

std::array<AugmentRange, kAugments> AugmentOptions::Ranges() const {
  std::array<AugmentRange, kAugments> ranges;
  for (std::size_t i = 0; i < kAugments; ++i) {
    const Entry& entry = kEntries[i];
    AugmentRange range = recipe == "strong" ? entry.strong : entry.standard;
    if (recipe == "none" || (recipe == "flip" && i != static_cast<std::size_t>(Augment::kFlip)))
      range.probability = 0;
    ranges[i] = FindRange(entry, range, own[i]);
  }
  return ranges;
}

Augmentation Augmenter::Draw(std::mt19937_64* engine) const {
  std::array<std::optional<Augmentation::Step>, kAugments> drawn;
  const auto draw = [&](std::size_t i) {
    // Always as many numbers, so that one option does not change what the others draw.
    const double chance = DrawBetween(engine, 0, 1), amount = DrawBetween(engine, 0, 1),
                 x = DrawBetween(engine, 0, 1), y = DrawBetween(engine, 0, 1);
    const std::uint64_t noise = (*engine)();
    const AugmentRange& range = ranges_[i];
    if (chance >= range.probability) return;
    drawn[i] = {static_cast<Augment>(i), range.low + amount * (range.high - range.low), x, y, noise};
  };
  // The warp came later than the others, and is drawn after them: a run from before it goes on as it began.
  constexpr auto kLate = static_cast<std::size_t>(Augment::kWarp);
  for (std::size_t i = 0; i < kAugments; ++i) {
    if (i != kLate) draw(i);
  }
  draw(kLate);
  Augmentation augmentation;
  for (const auto& step : drawn) {
    if (step) augmentation.steps.push_back(*step);
  }
  return augmentation;
}

void Augmenter::Apply(const Augmentation& augmentation, int frame, cv::Mat* picture) {
  for (const auto& step : augmentation.steps) ApplyStep(step, frame, picture);
}

void Augmenter::ApplyPlace(const Augmentation& augmentation, cv::Mat* map) {
  for (const auto& step : augmentation.steps) {
    if (step.what == Augment::kFlip || step.what == Augment::kWarp || step.what == Augment::kCrop)
      ApplyStep(step, 0, map);
    if (step.what == Augment::kCutout) CutOut(step.amount, step.x, step.y, 0, map);
  }
}

}  // namespace seam
