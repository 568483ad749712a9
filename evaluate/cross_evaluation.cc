#include "evaluate/cross_evaluation.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "evaluate/evaluation_text.h"

namespace seam {
namespace {

constexpr const char* kAll = "all";

// Short names where they are enough to tell the files apart.
std::vector<std::string> ModelNames(const std::vector<Evaluation>& evaluations) {
  std::vector<std::string> names;
  std::set<std::string> stems;
  for (const auto& evaluation : evaluations) {
    names.push_back(std::filesystem::path(evaluation.subject).stem().string());
    stems.insert(names.back());
  }
  if (stems.size() == evaluations.size()) return names;
  names.clear();
  for (const auto& evaluation : evaluations) names.push_back(evaluation.subject);
  return names;
}

Slice MakeCell(const Evaluation& evaluation, const std::string& dataset) {
  if (dataset == kAll) return evaluation.videos;
  for (const Slice& slice : evaluation.datasets) {
    if (slice.name == dataset) return slice;
  }
  return {};
}

}  // namespace

const Measured* CrossTest::At(std::size_t model, std::size_t dataset) const {
  const Slice& cell = cells[model][dataset];
  if (cell.metrics.empty()) return nullptr;
  const Measured& measured = cell.metrics[MetricIndex(metric.key)];
  return std::isnan(measured.value) ? nullptr : &measured;
}

CrossTest MakeCrossTest(const std::vector<Evaluation>& evaluations, const std::string& metric) {
  CrossTest cross{Metrics()[MetricIndex(metric)], ModelNames(evaluations), {}, {}};
  std::set<std::string> datasets;
  for (const auto& evaluation : evaluations) {
    for (const Slice& slice : evaluation.datasets) datasets.insert(slice.name);
  }
  cross.datasets.assign(datasets.begin(), datasets.end());
  cross.datasets.emplace_back(kAll);
  for (const auto& evaluation : evaluations) {
    cross.cells.emplace_back();
    for (const auto& dataset : cross.datasets) cross.cells.back().push_back(MakeCell(evaluation, dataset));
  }
  return cross;
}

Table ToTable(const CrossTest& cross) {
  Table table{
      fmt::format("{} of each model (rows) on each dataset; coverage", cross.metric.name), {"model"}, {}};
  table.columns.insert(table.columns.end(), cross.datasets.begin(), cross.datasets.end());
  for (std::size_t model = 0; model < cross.models.size(); ++model) {
    table.rows.push_back({cross.models[model]});
    for (std::size_t dataset = 0; dataset < cross.datasets.size(); ++dataset) {
      const Measured* measured = cross.At(model, dataset);
      const double coverage = cross.cells[model][dataset].coverage();
      table.rows.back().push_back(
          measured == nullptr ? "-" : fmt::format("{}; {:.1f} %", ToText(*measured), 100 * coverage));
    }
  }
  return table;
}

Table ToLongTable(const CrossTest& cross) {
  Table table{"", {"model", "dataset", "real", "fake", "coverage", cross.metric.key, "low", "high"}, {}};
  for (std::size_t model = 0; model < cross.models.size(); ++model) {
    for (std::size_t dataset = 0; dataset < cross.datasets.size(); ++dataset) {
      const Slice& cell = cross.cells[model][dataset];
      const Measured* measured = cross.At(model, dataset);
      const auto number = [&](double value) {
        return measured == nullptr || std::isnan(value) ? "" : fmt::format("{}", value);
      };
      // A model of other classes than real and fake has neither.
      const bool counted = measured == nullptr || cell.real + cell.fake > 0;
      table.rows.push_back({cross.models[model], cross.datasets[dataset],
                            counted ? std::to_string(cell.real) : "",
                            counted ? std::to_string(cell.fake) : "", fmt::format("{}", cell.coverage()),
                            number(measured == nullptr ? 0 : measured->value),
                            number(measured == nullptr ? 0 : measured->interval.low),
                            number(measured == nullptr ? 0 : measured->interval.high)});
    }
  }
  return table;
}

nlohmann::ordered_json ToJson(const CrossTest& cross) {
  nlohmann::ordered_json json = {{"metric", cross.metric.key}, {"models", nlohmann::ordered_json::object()}};
  for (std::size_t model = 0; model < cross.models.size(); ++model) {
    auto& row = json["models"][cross.models[model]];
    for (std::size_t dataset = 0; dataset < cross.datasets.size(); ++dataset) {
      row[cross.datasets[dataset]] = cross.At(model, dataset) == nullptr
                                         ? nlohmann::ordered_json()
                                         : ToJson(cross.cells[model][dataset]);
    }
  }
  return json;
}

}  // namespace seam
