#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <opencv2/core.hpp>

#include "base/options.h"

namespace seam {

// What happens to pictures on their way, as the DCT analysis of GAN pictures (Frank et al., ICML 2020,
// section 4.3) tries it, with its ranges. `seam infer --perturb` is for videos, and has fixed levels instead.
enum class PictureChange : std::uint8_t { kNone, kNoise, kBlur, kCropping, kJpeg, kCombined };
const std::vector<std::string>& PictureChangeNames();

// 8-bit pictures, RGB or grey. Normal noise of this deviation, clipped.
cv::Mat WithNoise(const cv::Mat& picture, double deviation, std::uint64_t seed);
// A Gaussian of deviation 4 in a window of `kernel` pixels, which is odd.
cv::Mat Blurred(const cv::Mat& picture, int kernel);
// Half of `share` of each side is cut off at each end; what is left is enlarged (cubic) to the old size.
cv::Mat CroppedAndEnlarged(const cv::Mat& picture, double share);
// Encoded as JPEG of this quality and decoded.
cv::Mat Compressed(const cv::Mat& picture, int quality);

struct PictureChangeOptions {
  std::string change = "none";
  double share = 0.5;  // of the pictures that are changed
  std::uint64_t seed = 1;
  // --change, --change-share, --change-seed.
  void Register(Options* options);
  void Check() const;
  bool none() const { return change == "none"; }
  nlohmann::json ToJson() const;
};

// The picture, changed with the probability that the options say: noise of a deviation from 5 to 20; blur of
// 3, 5, 7 or 9 pixels; a share of 0.05 to 0.2 cut off; a quality of 10 to 74; "combined" takes one of the
// four after the other by `number`. A pure function of options, `name` and `number`.
cv::Mat Changed(const cv::Mat& picture, const PictureChangeOptions& options, const std::string& name,
                std::size_t number);

}  // namespace seam
