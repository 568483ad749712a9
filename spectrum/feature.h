#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <opencv2/core.hpp>

#include "base/options.h"
#include "spectrum/residual.h"

namespace seam {

// Which numbers are taken of a picture.
struct FeatureOptions {
  // "azimuthal": AzimuthalFeatures() of the grey picture (spectrum/azimuthal.h).
  // "dct": OrthonormalDct(), and its logarithm unless `log` is false (transforms/dct.h).
  // "magnitude": LogMagnitude() of each channel.
  // "raw": the pixels, 0..255.
  // "prnu": ComputeResidual() (spectrum/residual.h).
  // "lbp": LocalBinaryPattern() of the grey picture (transforms/local_binary_pattern.h).
  std::string kind = "azimuthal";
  int features = 300;  // of "azimuthal"; 0: as many as the picture gives
  bool centre = true;  // "azimuthal": of the CentralThird() alone, as the frequency solver does
  bool log = true;
  bool grey = false;  // one channel; "azimuthal", "prnu" and "lbp" have one always
  int middle = 0;     // the middle square of this side, not resized; 0: the whole picture
  ResidualOptions residual;

  void Register(Options* options);
  void Check() const;
  nlohmann::json ToJson() const;
  static FeatureOptions FromJson(const nlohmann::json& json);
  bool IsGrey() const { return grey || kind == "azimuthal" || kind == "lbp"; }
};

// A picture's features: their shape and numbers in order of rows. "" or why there are none.
struct Features {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
  std::string problem;
};

// `picture`: 8-bit, grey or RGB as options.IsGrey() says; a colour picture is made grey, a grey one repeated.
Features ComputeFeatures(const cv::Mat& picture, const FeatureOptions& options);

}  // namespace seam
