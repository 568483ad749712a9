#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/comparison.h"
#include "evaluate/evaluation.h"
#include "labels/perturbation.h"
#include "pages/table.h"

namespace seam {

// What one network's scores are worth on videos that were made worse.
struct RobustnessPoint {
  Perturbation perturbation;
  Slice videos;                 // without metrics where nothing was left to measure
  std::optional<Slice> frames;  // where the score file has them
  // Of the AUC against the untouched videos, on those that have a score both times; with the interval and
  // p-value of the paired bootstrap. None where a class is missing there.
  std::optional<Comparison::Difference> change;
};

struct Robustness {
  std::string model;  // subject of `clean`
  Evaluation clean;
  std::vector<RobustnessPoint> points;  // in the order of Perturbations()
};

// `rows` of the videos made worse, `clean_rows` of the untouched ones, both with labels.
RobustnessPoint MeasurePerturbed(const Perturbation& perturbation, const std::vector<ScoreRow>& rows,
                                 const std::vector<ScoreRow>& clean_rows, const EvaluationOptions& options);

// AUC of a slice, or nullptr where it has none.
const Measured* FindAuc(const Slice& slice);

// A row for the untouched videos, then one for each point.
Table ToTable(const Robustness& robustness);
// A row for each model, point and level (videos, frames), for programs; the untouched videos have level 0.
Table ToLongTable(const std::vector<Robustness>& all);
nlohmann::ordered_json ToJson(const Robustness& robustness);

}  // namespace seam
