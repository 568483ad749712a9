#include "evaluate/score_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/csv_table.h"
#include "base/error.h"
#include "base/files.h"
#include "base/lines.h"
#include "labels/label.h"

namespace seam {

namespace {

const std::vector<std::string>& Columns() {
  static const std::vector<std::string> columns = {"path",    "status", "score",  "probability", "threshold",
                                                   "verdict", "label",  "frames", "faces",       "tracks",
                                                   "seconds", "reason", "note"};
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

// A column that a file need not have.
std::optional<double> ReadShare(const CsvTable& table, std::size_t row, const std::string& column) {
  const std::string text = table.Field(row, column);
  if (text.empty()) return std::nullopt;
  const auto share = ParseNumber<double>(text);
  if (!share || !IsScore(*share))
    throw table.Wrong(row, fmt::format("{} '{}' is not a number from 0 to 1", column, text));
  return share;
}

// A line of the JSON form, checked; `wrong` makes the Error.
class JsonRow {
 public:
  JsonRow(nlohmann::json json, std::string subject, std::size_t line)
      : json_(std::move(json)), subject_(std::move(subject)), line_(line) {}

  Error Wrong(const std::string& problem) const {
    return Error(subject_, fmt::format("line {}: {}", line_, problem), "score the video again");
  }

  std::string Text(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return "";
    if (!found->is_string()) throw Wrong(fmt::format("{} is not a text", key));
    return found->get<std::string>();
  }

  std::optional<double> Score(const nlohmann::json& json, const char* key) const {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return std::nullopt;
    if (!found->is_number() || !IsScore(found->get<double>()))
      throw Wrong(fmt::format("{} is not a number from 0 to 1", key));
    return found->get<double>();
  }

  int Count(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) return 0;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > std::numeric_limits<int>::max())
      throw Wrong(fmt::format("{} is not a count", key));
    return found->get<int>();
  }

  ScoreRow Row() const {
    if (!json_.is_object()) throw Wrong("not a JSON object");
    ScoreRow row;
    row.path = Text("path");
    if (row.path.empty()) throw Wrong("the path is missing");
    for (const auto& [key, member] : {std::pair("status", &ScoreRow::status),
                                      {"verdict", &ScoreRow::verdict},
                                      {"reason", &ScoreRow::reason},
                                      {"note", &ScoreRow::note},
                                      {"chosen_on", &ScoreRow::chosen_on},
                                      {"dataset", &ScoreRow::dataset},
                                      {"method", &ScoreRow::method},
                                      {"split", &ScoreRow::split}}) {
      row.*member = Text(key);
    }
    row.trained_on = json_.value("trained_on", nlohmann::json(false)) == true;
    row.score = Score(json_, "score");
    row.threshold = Score(json_, "threshold");
    row.probability = Score(json_, "probability");
    if (const auto label = Score(json_, "label")) {
      if (*label != 0 && *label != 1) throw Wrong("label is neither 0 (real) nor 1 (fake)");
      row.label = static_cast<int>(*label);
    }
    row.frames = Count("frames");
    row.faces = Count("faces");
    if (const auto seconds = json_.find("seconds"); seconds != json_.end()) {
      if (!seconds->is_number() || !IsDuration(seconds->get<double>()))
        throw Wrong("seconds is not a duration");
      row.seconds = seconds->get<double>();
    }
    ReadTracks(&row);
    return row;
  }

 private:
  void ReadTracks(ScoreRow* row) const {
    const auto tracks = json_.find("tracks");
    if (tracks == json_.end()) return;
    if (!tracks->is_array()) throw Wrong("tracks is not a list");
    row->tracks = static_cast<int>(tracks->size());
    for (const auto& track : *tracks) {
      // Windows of a network that takes such, otherwise frames.
      const char* parts = track.is_object() && track.contains("windows") ? "windows" : "frames";
      if (!track.is_object() || !track.contains(parts) || !track[parts].is_array())
        throw Wrong("a track has no list of frames");
      if (track.value("counts", nlohmann::json(true)) == false) continue;  // as in the video's score
      for (const auto& part : track[parts]) {
        const auto score = part.is_object() ? Score(part, "score") : std::nullopt;
        if (!score) throw Wrong("a frame of a track has no score");
        row->frame_scores.push_back(*score);
      }
    }
  }

  nlohmann::json json_;
  std::string subject_;
  std::size_t line_;
};

std::vector<ScoreRow> ReadJsonLines(const std::filesystem::path& path) {
  const std::string text = ReadFile(path, std::uint64_t{1} << 30);
  std::vector<ScoreRow> rows;
  for (const auto& [number, line] : NumberedLines(text)) {
    const JsonRow row(nlohmann::json::parse(line, nullptr, false), path.string(), number);
    rows.push_back(row.Row());
  }
  return rows;
}

}  // namespace

std::string ScoreFileHeader() { return CsvLine(Columns()); }

std::string ScoreFileLine(const ScoreRow& row) {
  if (row.score && !IsScore(*row.score)) {
    throw Error(row.path, fmt::format("score {} is not a number from 0 to 1", *row.score));
  }
  if (!IsDuration(row.seconds))
    throw Error(row.path, fmt::format("{} seconds is not a duration", row.seconds));
  const auto text = [](const std::optional<double>& number) {
    return number ? fmt::format("{}", *number) : std::string();
  };
  const std::string label = !row.label ? "" : *row.label == 1 ? "fake" : "real";
  return CsvLine({row.path, row.status, text(row.score), text(row.probability), text(row.threshold),
                  row.verdict, label, fmt::format("{}", row.frames), fmt::format("{}", row.faces),
                  fmt::format("{}", row.tracks), fmt::format("{}", row.seconds), row.reason, row.note});
}

std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path) {
  return ReadScoreFile(path, path.extension() == ".jsonl" ? ScoreFileForm::kJsonLines : ScoreFileForm::kCsv);
}

std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path, ScoreFileForm form) {
  if (form == ScoreFileForm::kJsonLines) return ReadJsonLines(path);
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
    row.note = table.Raw(i, "note");
    row.dataset = table.Field(i, "dataset");
    row.method = table.Field(i, "method");
    row.split = table.Field(i, "split");
    row.threshold = ReadShare(table, i, "threshold");
    row.probability = ReadShare(table, i, "probability");
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace seam
