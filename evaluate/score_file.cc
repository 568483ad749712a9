#include "evaluate/score_file.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/csv_table.h"

namespace seam {

namespace {

const std::vector<std::string>& Columns() {
  static const std::vector<std::string> columns = {"path",   "status", "score",  "verdict", "label",
                                                   "frames", "faces",  "tracks", "seconds", "reason"};
  return columns;
}

// The whole of `text`, and nothing where it is no number.
template <class Number>
std::optional<Number> ParseNumber(const std::string& text) {
  Number number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsScore(double number) { return number >= 0 && number <= 1; }
bool IsDuration(double number) { return number >= 0 && number <= std::numeric_limits<double>::max(); }

std::optional<double> ReadScore(const CsvTable& table, std::size_t row) {
  const std::string text = table.Field(row, "score");
  if (text.empty()) return std::nullopt;
  const auto score = ParseNumber<double>(text);
  if (!score || !IsScore(*score)) {
    throw table.Wrong(row, fmt::format("score '{}' is not a number from 0 to 1", text),
                      "a score is the probability of fake; leave it empty where there is none");
  }
  return score;
}

std::optional<int> ReadLabel(const CsvTable& table, std::size_t row) {
  const std::string text = table.Field(row, "label");
  if (text.empty()) return std::nullopt;
  const auto label = ParseLabel(text);
  if (!label) throw table.Wrong(row, fmt::format("label '{}' is neither real (0) nor fake (1)", text));
  return label;
}

int ReadCount(const CsvTable& table, std::size_t row, const std::string& column) {
  const std::string text = table.Field(row, column);
  if (text.empty()) return 0;
  const auto count = ParseNumber<int>(text);
  if (!count || *count < 0) throw table.Wrong(row, fmt::format("{} '{}' is not a count", column, text));
  return *count;
}

double ReadSeconds(const CsvTable& table, std::size_t row) {
  const std::string text = table.Field(row, "seconds");
  if (text.empty()) return 0;
  const auto seconds = ParseNumber<double>(text);
  if (!seconds || !IsDuration(*seconds)) {
    throw table.Wrong(row, fmt::format("seconds '{}' is not a duration", text));
  }
  return *seconds;
}

}  // namespace

std::string ScoreFileHeader() { return CsvLine(Columns()); }

std::string ScoreFileLine(const ScoreRow& row) {
  if (row.score && !IsScore(*row.score)) {
    throw Error(row.path, fmt::format("score {} is not a number from 0 to 1", *row.score));
  }
  if (!IsDuration(row.seconds))
    throw Error(row.path, fmt::format("{} seconds is not a duration", row.seconds));
  return CsvLine({row.path, row.status, row.score ? fmt::format("{}", *row.score) : "", row.verdict,
                  row.label ? (*row.label == 1 ? "fake" : "real") : "", fmt::format("{}", row.frames),
                  fmt::format("{}", row.faces), fmt::format("{}", row.tracks), fmt::format("{}", row.seconds),
                  row.reason});
}

std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path) {
  const CsvTable table(path);
  table.Require("path");
  table.Require("score");
  std::vector<ScoreRow> rows;
  rows.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    ScoreRow row;
    row.path = table.Raw(i, "path");
    if (row.path.empty()) throw table.Wrong(i, "the path is empty");
    row.score = ReadScore(table, i);
    row.status = table.Field(i, "status");
    if (!table.Has("status") && row.score) row.status = "ok";
    row.verdict = table.Field(i, "verdict");
    row.label = ReadLabel(table, i);
    row.frames = ReadCount(table, i, "frames");
    row.faces = ReadCount(table, i, "faces");
    row.tracks = ReadCount(table, i, "tracks");
    row.seconds = ReadSeconds(table, i);
    row.reason = table.Raw(i, "reason");
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace seam
