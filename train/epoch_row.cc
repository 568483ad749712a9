#include "train/epoch_row.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include <fmt/format.h>

#include "base/csv.h"

namespace seam {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double Find(const std::map<std::string, double>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? kNan : found->second;
}

// A column with its place in a row, or null where it is a measure.
struct Column {
  std::string name;
  double EpochRow::*member;
  bool required;  // in a state file
};

// Every column but the epoch's number, in the order of metrics.csv.
std::vector<Column> ListColumns(const RowSchema& schema) {
  std::vector<Column> columns = {{"lr", &EpochRow::lr, true}, {"train_loss", &EpochRow::train_loss, true}};
  for (const auto& name : schema.measures) columns.push_back({name, nullptr, true});
  columns.push_back({"seconds", &EpochRow::seconds, true});
  columns.push_back({schema.unit + "_per_second", &EpochRow::units_per_second, true});
  for (const auto& name : schema.more_measures) columns.push_back({name, nullptr, false});
  return columns;
}

double GetValue(const Column& column, const EpochRow& row) {
  return column.member != nullptr ? row.*column.member : row.Measure(column.name);
}

// null where it is NaN, as nlohmann::json prints it anyway.
nlohmann::json NumberOrNull(double value) {
  return std::isnan(value) ? nlohmann::json() : nlohmann::json(value);
}

std::string CsvNumber(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

nlohmann::json PartsJson(const RowSchema& schema, const std::vector<PartRow>& parts) {
  auto json = nlohmann::json::array();
  for (const PartRow& part : parts) {
    nlohmann::json object = {{"part", part.name}};
    for (const auto& name : schema.part_counts) object[name] = part.counts.at(name);
    for (const auto& name : schema.part_values) object[name] = NumberOrNull(Find(part.values, name));
    json.push_back(std::move(object));
  }
  return json;
}

// False where `json` is not what PartsJson() makes.
bool ReadParts(const RowSchema& schema, const nlohmann::json& json, std::vector<PartRow>* parts) {
  if (!json.is_array()) return false;
  for (const auto& object : json) {
    if (!object.is_object()) return false;
    const auto value = [&](const std::string& name) { return object.value(name, nlohmann::json()); };
    if (!value("part").is_string()) return false;
    PartRow part{.name = value("part").get<std::string>()};
    for (const auto& name : schema.part_counts) {
      if (!value(name).is_number_integer()) return false;
      part.counts[name] = value(name).get<std::int64_t>();
    }
    for (const auto& name : schema.part_values)
      part.values[name] = value(name).is_number() ? value(name).get<double>() : kNan;
    parts->push_back(std::move(part));
  }
  return true;
}

}  // namespace

double EpochRow::Measure(const std::string& name) const { return Find(measures, name); }

bool RowSchema::IsBetter(const EpochRow& row, const EpochRow& other) const {
  for (const Criterion& criterion : better) {
    const double a = row.Measure(criterion.measure), b = other.Measure(criterion.measure);
    if (a > b || a < b) return (a > b) == criterion.greater_is_better;
  }
  return false;
}

std::string MetricsCsv(const RowSchema& schema, const std::vector<EpochRow>& rows) {
  const auto columns = ListColumns(schema);
  std::vector<std::string> fields = {"epoch"};
  for (const Column& column : columns) fields.push_back(column.name);
  std::string text = CsvLine(fields);
  for (const auto& row : rows) {
    fields = {fmt::format("{}", row.epoch)};
    for (const Column& column : columns) fields.push_back(CsvNumber(GetValue(column, row)));
    text += CsvLine(fields);
  }
  return text;
}

std::string PartsCsv(const RowSchema& schema, const std::vector<EpochRow>& rows) {
  std::vector<std::string> header = {"epoch", "part"};
  header.insert(header.end(), schema.part_counts.begin(), schema.part_counts.end());
  header.insert(header.end(), schema.part_values.begin(), schema.part_values.end());
  std::string text;
  for (const auto& row : rows) {
    for (const PartRow& part : row.parts) {
      if (text.empty()) text = CsvLine(header);
      std::vector<std::string> fields = {fmt::format("{}", row.epoch), part.name};
      for (const auto& name : schema.part_counts) fields.push_back(fmt::format("{}", part.counts.at(name)));
      for (const auto& name : schema.part_values) fields.push_back(CsvNumber(Find(part.values, name)));
      text += CsvLine(fields);
    }
  }
  return text;
}

nlohmann::json ToJson(const RowSchema& schema, const std::vector<EpochRow>& rows) {
  const auto columns = ListColumns(schema);
  auto json = nlohmann::json::array();
  for (const auto& row : rows) {
    nlohmann::json object = {{"epoch", row.epoch}};
    for (const Column& column : columns) object[column.name] = NumberOrNull(GetValue(column, row));
    if (!row.parts.empty()) object["parts"] = PartsJson(schema, row.parts);
    json.push_back(std::move(object));
  }
  return json;
}

std::vector<EpochRow> ReadRows(const RowSchema& schema, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return {};
  const auto columns = ListColumns(schema);
  std::vector<EpochRow> rows;
  for (const auto& object : json) {
    EpochRow row;
    if (!object.is_object() || object.value("epoch", nlohmann::json()) != rows.size() + 1) return {};
    row.epoch = static_cast<int>(rows.size() + 1);
    for (const Column& column : columns) {
      const auto value = object.value(column.name, nlohmann::json());
      if (!value.is_number() && (!value.is_null() || column.required)) return {};
      double& place = column.member != nullptr ? row.*column.member : row.measures[column.name];
      place = value.is_number() ? value.get<double>() : kNan;
    }
    if (!ReadParts(schema, object.value("parts", nlohmann::json::array()), &row.parts)) return {};
    rows.push_back(std::move(row));
  }
  return rows;
}

nlohmann::json MetricsJson(const RowSchema& schema, const EpochRow& row) {
  nlohmann::json json = {{"train_loss", NumberOrNull(row.train_loss)}};
  for (const auto* names : {&schema.measures, &schema.more_measures}) {
    for (const auto& name : *names) json[name] = NumberOrNull(row.Measure(name));
  }
  return json;
}

}  // namespace seam
