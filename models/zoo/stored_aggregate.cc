#include "models/zoo/stored_aggregate.h"

#include "models/weights/json_text.h"

namespace seam {

namespace {

// What an import wrote into the recipe; null where there is none.
nlohmann::json ImportPart(const CheckpointInfo& info) {
  const nlohmann::json recipe = ParseJsonText(info.recipe);
  if (!recipe.is_object()) return {};
  const auto import = recipe.find("import");
  return import != recipe.end() && import->is_object() ? *import : nlohmann::json();
}

}  // namespace

std::string StoredAggregate(const CheckpointInfo& info) {
  const nlohmann::json import = ImportPart(info);
  const auto name = import.find("aggregate_as");
  return name != import.end() && name->is_string() ? name->get<std::string>() : "";
}

VerdictRule StoredVerdictRule(const CheckpointInfo& info, const std::string& threshold) {
  VerdictRule rule = MakeVerdictRule(info.threshold, info.calibration, threshold);
  if (info.calibration || !threshold.empty()) return rule;
  const nlohmann::json import = ImportPart(info);
  const auto band = import.find("band");
  if (band == import.end() || !band->is_array() || band->size() != 2 || !(*band)[0].is_number() ||
      !(*band)[1].is_number()) {
    return rule;
  }
  const double low = (*band)[0].get<double>(), high = (*band)[1].get<double>();
  if (!(low >= 0 && low <= rule.threshold && rule.threshold <= high && high <= 1)) return rule;
  rule.band_low = low;
  rule.band_high = high;
  return rule;
}

}  // namespace seam
