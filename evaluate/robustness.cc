#include "evaluate/robustness.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.h"
#include "evaluate/evaluation_text.h"

namespace seam {
namespace {

std::string AucText(const Slice& slice) {
  const Measured* auc = FindAuc(slice);
  return auc == nullptr ? "-" : ToText(*auc);
}

std::string ChangeText(const RobustnessPoint& point) {
  if (!point.change) return "-";
  const auto& [name, key, a, b, interval, p] = *point.change;
  if (std::isnan(interval.low)) return fmt::format("{:+.4f}", a - b);
  return fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", a - b, interval.low, interval.high);
}

std::string CsvNumber(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

void AddLongRow(const std::string& model, const std::string& perturbation, int level, double parameter,
                const char* of, const Slice& slice, Table* table) {
  const Measured* auc = FindAuc(slice);
  const double none = std::nan("");
  table->rows.push_back({model, perturbation, std::to_string(level), level == 0 ? "" : CsvNumber(parameter),
                         of, std::to_string(slice.inputs), CsvNumber(slice.coverage()),
                         std::to_string(slice.real), std::to_string(slice.fake),
                         CsvNumber(auc == nullptr ? none : auc->value),
                         CsvNumber(auc == nullptr ? none : auc->interval.low),
                         CsvNumber(auc == nullptr ? none : auc->interval.high)});
}

}  // namespace

const Measured* FindAuc(const Slice& slice) {
  if (slice.metrics.empty() || std::isnan(slice.metrics.front().value)) return nullptr;
  return &slice.metrics.front();
}

RobustnessPoint MeasurePerturbed(const Perturbation& perturbation, const std::vector<ScoreRow>& rows,
                                 const std::vector<ScoreRow>& clean_rows, const EvaluationOptions& options) {
  RobustnessPoint point;
  point.perturbation = perturbation;
  point.videos.name = "videos";
  try {
    Evaluation evaluation = Evaluate(perturbation.Text(), rows, options);
    point.videos = std::move(evaluation.videos);
    point.frames = std::move(evaluation.frames);
  } catch (const Error&) {  // one class alone, or none, has scores left: that is a result, too
    for (const ScoreRow& row : rows) {
      if (!row.label) continue;
      ++point.videos.inputs;
      if (!row.score) ++point.videos.unscored;
      if (row.score) ++(*row.label == FAKE ? point.videos.fake : point.videos.real);
    }
    return point;
  }
  try {
    const Comparison comparison = Compare(perturbation.Text(), rows, "untouched", clean_rows, options);
    for (const auto& difference : comparison.differences) {
      if (difference.key == "auc") point.change = difference;
    }
  } catch (const Error&) {  // no common videos of both classes
  }
  return point;
}

Table ToTable(const Robustness& robustness) {
  Table table{"AUC of videos made worse, all of them alike: " + robustness.model,
              {"perturbation", "coverage", "AUC of videos", "change", "p"},
              {}};
  const bool frames = robustness.clean.frames.has_value();
  if (frames) table.columns.push_back("AUC of frames");
  const auto percent = [](double share) { return fmt::format("{:.1f} %", 100 * share); };
  table.rows.push_back(
      {"none", percent(robustness.clean.videos.coverage()), AucText(robustness.clean.videos), "", ""});
  if (frames) table.rows.back().push_back(AucText(*robustness.clean.frames));
  for (const RobustnessPoint& point : robustness.points) {
    table.rows.push_back({point.perturbation.Words(), percent(point.videos.coverage()), AucText(point.videos),
                          ChangeText(point),
                          point.change ? fmt::format("{:.4f}", point.change->p_value) : "-"});
    if (frames) table.rows.back().push_back(point.frames ? AucText(*point.frames) : "-");
  }
  return table;
}

Table ToLongTable(const std::vector<Robustness>& all) {
  Table table{"",
              {"model", "perturbation", "level", "parameter", "of", "inputs", "coverage", "real", "fake",
               "auc", "low", "high"},
              {}};
  for (const Robustness& robustness : all) {
    AddLongRow(robustness.model, "none", 0, 0, "videos", robustness.clean.videos, &table);
    if (robustness.clean.frames)
      AddLongRow(robustness.model, "none", 0, 0, "frames", *robustness.clean.frames, &table);
    for (const RobustnessPoint& point : robustness.points) {
      const Perturbation& each = point.perturbation;
      AddLongRow(robustness.model, each.name, each.level, each.parameter(), "videos", point.videos, &table);
      if (point.frames)
        AddLongRow(robustness.model, each.name, each.level, each.parameter(), "frames", *point.frames,
                   &table);
    }
  }
  return table;
}

nlohmann::ordered_json ToJson(const Robustness& robustness) {
  nlohmann::ordered_json json = {{"robustness_of", robustness.model},
                                 {"clean", ToJson(robustness.clean)},
                                 {"points", nlohmann::ordered_json::array()}};
  for (const RobustnessPoint& point : robustness.points) {
    const Perturbation& each = point.perturbation;
    nlohmann::ordered_json one = {{"perturbation", each.name}, {"code", each.kind().code},
                                  {"level", each.level},       {"parameter", each.parameter()},
                                  {"words", each.Words()},     {"videos", ToJson(point.videos)}};
    if (point.frames) one["frames"] = ToJson(*point.frames);
    if (point.change) {
      one["auc_change"] = point.change->a - point.change->b;
      one["auc_change_p"] = point.change->p_value;
      if (!std::isnan(point.change->interval.low))
        one["auc_change_interval"] = {point.change->interval.low, point.change->interval.high};
    }
    json["points"].push_back(std::move(one));
  }
  return json;
}

}  // namespace seam
