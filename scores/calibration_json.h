#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "scores/calibration.h"

namespace seam {

// {"temperature": .., "threshold_eer": .., "threshold_fpr1": .., "band": [low, high], "videos": {"real": ..,
// "fake": ..}}, and back; nothing where the JSON is none.
nlohmann::json CalibrationJson(const Calibration& calibration);
std::optional<Calibration> ParseCalibration(const nlohmann::json& json);
// What is wrong with it, or "".
std::string FindProblem(const Calibration& calibration);

}  // namespace seam
