#include "train/epoch_row.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/error.h"
#include "evaluate/metrics.h"

namespace seam {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The columns without an interval, and those that a state file must have.
const std::vector<std::pair<const char*, double EpochRow::*>>& FirstColumns() {
  static const std::vector<std::pair<const char*, double EpochRow::*>> columns = {
      {"lr", &EpochRow::lr},
      {"train_loss", &EpochRow::train_loss},
      {"val_loss", &EpochRow::val_loss},
      {"val_auc_frame", &EpochRow::val_auc_frame},
      {"val_auc_video", &EpochRow::val_auc_video},
      {"seconds", &EpochRow::seconds},
      {"crops_per_second", &EpochRow::crops_per_second}};
  return columns;
}

bool IsFirst(const ValMeasure& measure) {
  for (const auto& [name, member] : FirstColumns()) {
    if (std::string_view(name) == measure.name) return true;
  }
  return false;
}

// Every column but the epoch's number with a reference to its value in `row`, in the order of metrics.csv:
// those of the first version, then the other measures, then the ends of the intervals.
template <class Row, class Visit>
void VisitColumns(Row& row, const Visit& visit) {
  for (const auto& [name, member] : FirstColumns()) visit(std::string(name), row.*member, true);
  for (const ValMeasure& measure : ValMeasures()) {
    if (!IsFirst(measure)) visit(std::string(measure.name), row.*measure.value, false);
  }
  for (std::size_t i = 0; i < ValMeasures().size(); ++i) {
    visit(std::string(ValMeasures()[i].name) + "_low", row.intervals[i].low, false);
    visit(std::string(ValMeasures()[i].name) + "_high", row.intervals[i].high, false);
  }
}

// null where it is NaN, as nlohmann::json prints it anyway.
nlohmann::json NumberOrNull(double value) {
  return std::isnan(value) ? nlohmann::json() : nlohmann::json(value);
}

std::string WithInterval(double value, const Interval& interval) {
  const std::string text = fmt::format("{:.4f}", value);
  if (std::isnan(interval.low)) return text;
  return fmt::format("{} [{:.3f}, {:.3f}]", text, interval.low, interval.high);
}

std::string Cell(const ValidationMetrics& metrics, std::size_t i) {
  return WithInterval(metrics.*ValMeasures()[i].value, metrics.intervals[i]);
}

// The numbers of a part by the names that they have in val_parts.csv.
template <class Part, class Visit>
void VisitPart(Part&& part, const Visit& visit) {
  visit("val_auc_video", part.auc_video);
  visit("val_auc_video_low", part.interval.low);
  visit("val_auc_video_high", part.interval.high);
  visit("val_auc_frame", part.auc_frame);
}

std::string CsvNumber(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

nlohmann::json PartsJson(const std::vector<ValPart>& parts) {
  auto json = nlohmann::json::array();
  for (const ValPart& part : parts) {
    nlohmann::json object = {{"part", part.name}, {"real", part.real}, {"fake", part.fake}};
    VisitPart(part, [&](const char* name, double value) { object[name] = NumberOrNull(value); });
    json.push_back(std::move(object));
  }
  return json;
}

// False where `json` is not what PartsJson() makes.
bool ReadParts(const nlohmann::json& json, std::vector<ValPart>* parts) {
  if (!json.is_array()) return false;
  for (const auto& object : json) {
    if (!object.is_object()) return false;
    const auto value = [&](const char* name) { return object.value(name, nlohmann::json()); };
    if (!value("part").is_string() || !value("real").is_number_integer() ||
        !value("fake").is_number_integer())
      return false;
    ValPart part{.name = value("part").get<std::string>(),
                 .real = value("real").get<int>(),
                 .fake = value("fake").get<int>()};
    VisitPart(part, [&](const char* name, double& member) {
      member = value(name).is_number() ? value(name).get<double>() : kNan;
    });
    parts->push_back(std::move(part));
  }
  return true;
}

// A line for each part.
std::string PartsText(const std::vector<ValPart>& parts) {
  if (parts.empty()) return "";
  std::size_t width = 4;
  for (const ValPart& part : parts) width = std::max(width, Printable(part.name).size());
  std::string text = fmt::format("  {:<{}}  {:>5}  {:>5}  {:<24}{}\n", "part", width, "reals", "fakes",
                                 "AUC of videos", "of frames");
  for (const ValPart& part : parts) {
    text += fmt::format("  {:<{}}  {:>5}  {:>5}  {:<24}{:.4f}\n", Printable(part.name), width, part.real,
                        part.fake, WithInterval(part.auc_video, part.interval), part.auc_frame);
  }
  return text;
}

}  // namespace

const std::array<ValMeasure, 8>& ValMeasures() {
  using Metrics = ValidationMetrics;
  // First the frames' and then the videos', in the same order: EpochText() goes by that.
  static const std::array<ValMeasure, 8> measures = {{
      {"val_auc_frame", &Metrics::val_auc_frame, RocAuc, false},
      {"val_eer_frame", &Metrics::val_eer_frame, EqualErrorRate, false},
      {"val_ap_frame", &Metrics::val_ap_frame, AveragePrecision, false},
      {"val_loss", &Metrics::val_loss, LogLoss, false},
      {"val_auc_video", &Metrics::val_auc_video, RocAuc, true},
      {"val_eer_video", &Metrics::val_eer_video, EqualErrorRate, true},
      {"val_ap_video", &Metrics::val_ap_video, AveragePrecision, true},
      {"val_loss_video", &Metrics::val_loss_video, LogLoss, true},
  }};
  return measures;
}

std::string MetricsCsv(const std::vector<EpochRow>& rows) {
  std::vector<std::string> fields = {"epoch"};
  const EpochRow none;
  VisitColumns(none, [&](const std::string& name, double, bool) { fields.push_back(name); });
  std::string text = CsvLine(fields);
  for (const auto& row : rows) {
    fields = {fmt::format("{}", row.epoch)};
    VisitColumns(row, [&](const std::string&, double value, bool) { fields.push_back(CsvNumber(value)); });
    text += CsvLine(fields);
  }
  return text;
}

std::string PartsCsv(const std::vector<EpochRow>& rows) {
  std::vector<std::string> header = {"epoch", "part", "real", "fake"};
  VisitPart(ValPart(), [&](const char* name, double) { header.emplace_back(name); });
  std::string text;
  for (const auto& row : rows) {
    for (const ValPart& part : row.parts) {
      if (text.empty()) text = CsvLine(header);
      std::vector<std::string> fields = {fmt::format("{}", row.epoch), part.name,
                                         fmt::format("{}", part.real), fmt::format("{}", part.fake)};
      VisitPart(part, [&](const char*, double value) { fields.push_back(CsvNumber(value)); });
      text += CsvLine(fields);
    }
  }
  return text;
}

nlohmann::json ToJson(const std::vector<EpochRow>& rows) {
  auto json = nlohmann::json::array();
  for (const auto& row : rows) {
    nlohmann::json object = {{"epoch", row.epoch}};
    VisitColumns(row,
                 [&](const std::string& name, double value, bool) { object[name] = NumberOrNull(value); });
    if (!row.parts.empty()) object["parts"] = PartsJson(row.parts);
    json.push_back(std::move(object));
  }
  return json;
}

std::vector<EpochRow> RowsOf(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return {};
  std::vector<EpochRow> rows;
  for (const auto& object : json) {
    EpochRow row;
    if (!object.is_object() || object.value("epoch", nlohmann::json()) != rows.size() + 1) return {};
    row.epoch = static_cast<int>(rows.size() + 1);
    bool complete = true;
    VisitColumns(row, [&](const std::string& name, double& member, bool required) {
      const auto value = object.value(name, nlohmann::json());
      complete = complete && (value.is_number() || (value.is_null() && !required));
      member = value.is_number() ? value.get<double>() : kNan;
    });
    if (!complete || !ReadParts(object.value("parts", nlohmann::json::array()), &row.parts)) return {};
    rows.push_back(row);
  }
  return rows;
}

nlohmann::json MetricsJson(const EpochRow& row) {
  nlohmann::json json = {{"train_loss", row.train_loss}};
  for (std::size_t i = 0; i < ValMeasures().size(); ++i) {
    const std::string name = ValMeasures()[i].name;
    json[name] = NumberOrNull(row.*ValMeasures()[i].value);
    json[name + "_low"] = NumberOrNull(row.intervals[i].low);
    json[name + "_high"] = NumberOrNull(row.intervals[i].high);
  }
  return json;
}

std::string EpochText(const EpochRow& row, const Calibration& calibration, int epochs) {
  std::string text =
      fmt::format("epoch {}/{}: train loss {:.4f}, val loss {:.4f}, val AUC frame {:.4f}, video {:.4f}\n",
                  row.epoch, epochs, row.train_loss, row.val_loss, row.val_auc_frame, row.val_auc_video);
  text += fmt::format("  {:<7}{:<24}{:<24}{:<24}{}\n", "val", "AUC", "EER", "AP", "log-loss");
  for (std::size_t level = 0; level < 2; ++level) {
    text +=
        fmt::format("  {:<7}{:<24}{:<24}{:<24}{}\n", level == 0 ? "frames" : "videos", Cell(row, 4 * level),
                    Cell(row, 4 * level + 1), Cell(row, 4 * level + 2), Cell(row, 4 * level + 3));
  }
  text += PartsText(row.parts);
  text += fmt::format(
      "  a video is fake from {:.4f} on, uncertain from {:.4f} to {:.4f}; temperature {:.3g}\n",
      calibration.threshold_eer, calibration.band_low, calibration.band_high, calibration.temperature);
  return text;
}

}  // namespace seam
