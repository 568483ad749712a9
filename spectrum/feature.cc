#include "spectrum/feature.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "spectrum/azimuthal.h"
#include "transforms/dct.h"
#include "transforms/local_binary_pattern.h"

namespace seam {
namespace {

const std::vector<std::string>& Kinds() {
  static const std::vector<std::string> kinds = {"azimuthal", "dct", "magnitude", "raw", "prnu", "lbp"};
  return kinds;
}

// To what the options ask for.
cv::Mat Prepared(const cv::Mat& picture, const FeatureOptions& options) {
  cv::Mat result = picture;
  if (options.IsGrey() && picture.channels() == 3) cv::cvtColor(picture, result, cv::COLOR_RGB2GRAY);
  if (!options.IsGrey() && picture.channels() == 1) cv::cvtColor(picture, result, cv::COLOR_GRAY2RGB);
  if (options.middle > 0) {
    if (result.cols < options.middle || result.rows < options.middle) return {};
    result = result(cv::Rect((result.cols - options.middle) / 2, (result.rows - options.middle) / 2,
                             options.middle, options.middle));
  }
  return result;
}

Features OfMatrix(const cv::Mat& matrix) {
  cv::Mat numbers = matrix;
  if (matrix.depth() != CV_64F || !matrix.isContinuous()) matrix.convertTo(numbers, CV_64F);
  const auto* first = numbers.ptr<double>();
  return {{numbers.rows, numbers.cols, numbers.channels()},
          {first, first + numbers.total() * static_cast<std::size_t>(numbers.channels())},
          ""};
}

cv::Mat MagnitudeOfChannels(const cv::Mat& picture) {
  std::vector<cv::Mat> channels;
  cv::split(picture, channels);
  for (cv::Mat& channel : channels) channel = LogMagnitude(channel);
  cv::Mat result;
  cv::merge(channels, result);
  return result;
}

}  // namespace

void FeatureOptions::Register(Options* options) {
  options->Add("feature", &kind,
               "azimuthal: ring means of the spectrum; dct: log cosine transform; magnitude: log |FFT|; raw: "
               "pixels; prnu: noise residual; lbp: local binary patterns",
               Kinds());
  options->Add("features", &features, "numbers of the azimuthal feature; 0: as the picture gives, not scaled",
               {2, 1 << 20, "300, 80, or 0 for all", false, false, true});
  options->Add("centre", &centre, "azimuthal: of the middle third of both sides alone");
  options->Add("log", &log, "of the dct's coefficients");
  options->Add("grey", &grey, "take grey pictures for dct, magnitude and raw");
  options->Add("middle", &middle, "take the middle square of so many pixels; 0: the whole picture",
               AtLeast(0));
  options->Add("levels", &residual.levels, "prnu: of the wavelet transform", Between(1, 12));
  options->Add("sigma", &residual.sigma, "prnu: deviation of the noise, in grey levels", Above(0));
}

void FeatureOptions::Check() const { CheckDeclared(*this); }

nlohmann::json FeatureOptions::ToJson() const {
  nlohmann::json json = {{"feature", kind}, {"middle", middle}, {"grey", IsGrey()}};
  if (kind == "azimuthal") json.update({{"features", features}, {"centre", centre}});
  if (kind == "dct") json["log"] = log;
  if (kind == "prnu") json.update({{"levels", residual.levels}, {"sigma", residual.sigma}});
  return json;
}

FeatureOptions FeatureOptions::FromJson(const nlohmann::json& json) {
  FeatureOptions options;
  options.kind = json.value("feature", options.kind);
  options.features = json.value("features", options.features);
  options.centre = json.value("centre", options.centre);
  options.log = json.value("log", options.log);
  options.grey = json.value("grey", options.grey);
  options.middle = json.value("middle", options.middle);
  options.residual.levels = json.value("levels", options.residual.levels);
  options.residual.sigma = json.value("sigma", options.residual.sigma);
  return options;
}

Features ComputeFeatures(const cv::Mat& picture, const FeatureOptions& options) {
  const cv::Mat prepared = Prepared(picture, options);
  if (prepared.empty()) {
    return {{},
            {},
            fmt::format("a picture of {} x {} pixels is too small for --middle {}", picture.cols,
                        picture.rows, options.middle)};
  }
  if (options.kind == "azimuthal") {
    const cv::Mat part = options.centre ? CentralThird(prepared) : prepared;
    Features features;
    features.values = AzimuthalFeatures(part, static_cast<std::size_t>(options.features));
    if (features.values.empty()) {
      features.problem = fmt::format("a picture of {} x {} pixels is too small", picture.cols, picture.rows);
    }
    features.shape = {static_cast<std::int64_t>(features.values.size())};
    return features;
  }
  if (options.kind == "dct") {
    cv::Mat coefficients = OrthonormalDct(prepared);
    if (options.log) LogScale(&coefficients);
    return OfMatrix(coefficients);
  }
  if (options.kind == "lbp") return OfMatrix(LocalBinaryPattern(prepared));
  if (options.kind == "magnitude") return OfMatrix(MagnitudeOfChannels(prepared));
  if (options.kind == "prnu") {
    if (std::min(prepared.rows, prepared.cols) < 8) return {{}, {}, "the picture is too small"};
    cv::Mat colour = prepared;
    if (prepared.channels() == 1) cv::cvtColor(prepared, colour, cv::COLOR_GRAY2RGB);
    return OfMatrix(ComputeResidual(colour, options.residual));
  }
  return OfMatrix(prepared);
}

}  // namespace seam
