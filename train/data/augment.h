#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "base/options.h"

namespace seam {

// What may happen to a clip in training, in the order of the work. The range of each is in the unit that its
// entry in augment.cc says.
enum class Augment {
  kFlip,        // left to right
  kWarp,        // bent: how far each knot of a grid of 4 x 4 goes at most across and down, share of the side
  kCrop,        // a square part, resized to the whole: share of the area that stays
  kDownscale,   // made smaller and larger again: factor of the side
  kBlur,        // Gaussian: sigma in pixels
  kBrightness,  // added: share of 255
  kContrast,    // around the mean: factor
  kSaturation,  // towards or away from grey: factor
  kHue,         // turned: degrees
  kGrey,        // no colour at all
  kNoise,       // Gaussian, of each number: sigma in 0..255
  kJpeg,        // encoded with 4:2:0 chroma and decoded: quality
  kCutout,      // a square of mean grey: share of the side
};
constexpr std::size_t kAugments = 13;

// How often, and uniformly between what.
struct AugmentRange {
  double probability = 0, low = 0, high = 0;
  bool operator==(const AugmentRange&) const = default;
};

struct AugmentOptions {
  // none; flip; standard: the default, all of the above but kWarp, mild; strong: for networks that must bear
  // compression.
  std::string recipe = "standard";
  // P or P,LOW,HIGH for one of them, instead of the recipe's; empty: the recipe's.
  std::array<std::string, kAugments> own;

  void Register(Options* options);
  void Check() const;
  // By Augment, as recipe and own texts have it.
  std::array<AugmentRange, kAugments> Ranges() const;
};

// What was drawn for one clip: the same for all of its frames.
struct Augmentation {
  struct Step {
    Augment what = Augment::kFlip;
    double amount = 0;        // within its range
    double x = 0, y = 0;      // 0..1: where, for crop and cutout
    std::uint64_t noise = 0;  // seed: for noise, where each frame has its own, and for warp
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> steps;
  bool operator==(const Augmentation&) const = default;
};

// Draws and applies augmentation; any number of threads.
class Augmenter {
 public:
  explicit Augmenter(const AugmentOptions& options) : ranges_(options.Ranges()) {}

  // A pure function of the engine's state.
  Augmentation Draw(std::mt19937_64* engine) const;

  // `picture`: RGB [S, S, 3] uint8, changed in place. `frame`: its number in the clip.
  static void Apply(const Augmentation& augmentation, int frame, cv::Mat* picture);
  // Moves what tells something of each pixel as Apply() moves the pixels: mirrors, bends, crops,
  // and 0 where it cuts out. Any type.
  static void ApplyPlace(const Augmentation& augmentation, cv::Mat* map);

 private:
  std::array<AugmentRange, kAugments> ranges_;
};

}  // namespace seam
