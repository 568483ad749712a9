#include "scores/calibration_json.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace seam {

nlohmann::json CalibrationJson(const Calibration& calibration) {
  return {{"temperature", calibration.temperature},
          {"threshold_eer", calibration.threshold_eer},
          {"threshold_fpr1", calibration.threshold_fpr1},
          {"band", {calibration.band_low, calibration.band_high}},
          {"videos", {{"real", calibration.real}, {"fake", calibration.fake}}}};
}

std::optional<Calibration> ParseCalibration(const nlohmann::json& json) {
  try {
    const nlohmann::json& band = json.at("band");
    const nlohmann::json& videos = json.at("videos");
    return Calibration{json.at("temperature").get<double>(),
                       json.at("threshold_eer").get<double>(),
                       json.at("threshold_fpr1").get<double>(),
                       band.at(0).get<double>(),
                       band.at(1).get<double>(),
                       videos.at("real").get<int>(),
                       videos.at("fake").get<int>()};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string FindProblem(const Calibration& calibration) {
  const auto is_score = [](double value) { return value >= 0 && value <= 1; };
  if (!(calibration.temperature > 0) || !std::isfinite(calibration.temperature))
    return fmt::format("has the temperature {}", calibration.temperature);
  if (!is_score(calibration.threshold_eer) || !is_score(calibration.threshold_fpr1) ||
      !is_score(calibration.band_low) || !is_score(calibration.band_high))
    return "has a threshold that is not from 0 to 1";
  if (calibration.band_low > calibration.band_high) return "has a band that ends before it begins";
  return "";
}

}  // namespace seam
