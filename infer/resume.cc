#include "infer/resume.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "evaluate/score_file.h"
#include "labels/video.h"
#include "labels/video_facts.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHint = "leave out --resume to score everything anew";

struct Row {
  std::string path, status, verdict;
  std::size_t end = 0;  // in the file, behind its line end
};

// A score file's whole rows.
struct Rows {
  std::string file;
  std::size_t head = 0;  // where the first row begins
  std::vector<Row> rows;
};

std::string RecordPath(const std::string& file) { return file + ".run.json"; }

std::vector<std::string> FilesOf(const ReportOptions& files) {
  std::vector<std::string> all;
  for (const std::string& file : {files.output, files.jsonl}) {
    std::error_code ignored;
    if (!file.empty() && file != "-" && !fs::is_other(file, ignored)) all.push_back(file);
  }
  return all;
}

// Where each whole record of a CSV file ends. A line end between quotes does not count.
std::vector<std::size_t> EndsOfCsv(const std::string& text) {
  std::vector<std::size_t> ends;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\n' && !quoted) ends.push_back(i + 1);
  }
  return ends;
}

Rows RowsOfCsv(const std::string& file, const std::string& text) {
  Rows rows{file, 0, {}};
  std::vector<std::size_t> ends = EndsOfCsv(text);
  if (ends.empty()) return rows;
  rows.head = ends.front();
  if (text.substr(0, rows.head) != ScoreFileHeader())
    throw Error(file, "is no score file, or one of another version of Seam", kHint);
  const auto records = ParseCsv(std::string_view(text).substr(0, ends.back()), file);
  if (records.size() != ends.size()) throw Error(file, "has empty lines; who wrote them?", kHint);
  const auto& names = records.front();
  const auto at = [&](const char* name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (records[i].size() != names.size())
      throw Error(file, fmt::format("row {} has {} fields, not {}", i, records[i].size(), names.size()),
                  kHint);
    rows.rows.push_back(
        {Utf8Id(records[i][at("path")]), records[i][at("status")], records[i][at("verdict")], ends[i]});
  }
  return rows;
}

Rows RowsOfJsonLines(const std::string& file, const std::string& text) {
  Rows rows{file, 0, {}};
  for (std::size_t from = 0, to = 0; (to = text.find('\n', from)) != std::string::npos; from = to + 1) {
    const auto json = nlohmann::json::parse(text.substr(from, to - from), nullptr, false);
    const auto member = [&](const char* name) {
      return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                                               : std::string();
    };
    if (member("path").empty())
      throw Error(file, fmt::format("row {} names no path", rows.rows.size() + 1), kHint);
    rows.rows.push_back({member("path"), member("status"), member("verdict"), to + 1});
  }
  return rows;
}

Rows ReadRows(const ReportOptions& files, const std::string& file) {
  if (!fs::exists(file)) return {file, 0, {}};
  const std::string text = ReadFile(file);
  return file == files.output ? RowsOfCsv(file, text) : RowsOfJsonLines(file, text);
}

void CheckRecord(const std::string& file, const nlohmann::ordered_json& record) {
  const std::string path = RecordPath(file);
  if (!fs::exists(path)) throw Error(file, fmt::format("has rows, but {} is missing", path), kHint);
  const auto earlier = nlohmann::ordered_json::parse(ReadFile(path), nullptr, false);
  if (!earlier.is_object()) throw Error(path, "is damaged", kHint);
  for (const auto& [name, value] : record.items()) {
    const auto found = earlier.find(name);
    if (name == "model" || (found != earlier.end() && *found == value)) continue;
    throw Error(file,
                fmt::format("was made with another {}: {}, not {}", name,
                            found == earlier.end() ? "none" : found->dump(), value.dump()),
                kHint);
  }
  for (const auto& [name, value] : earlier.items()) {
    if (!record.contains(name))
      throw Error(file, fmt::format("was made with another {}: {}, not none", name, value.dump()), kHint);
  }
}

}  // namespace

EarlierRows TakeUp(const ReportOptions& files, const nlohmann::ordered_json& record) {
  std::vector<Rows> all;
  for (const std::string& file : FilesOf(files)) {
    all.push_back(ReadRows(files, file));
    if (!all.back().rows.empty()) CheckRecord(file, record);
  }
  std::size_t common = all.empty() ? 0 : all.front().rows.size();
  for (const Rows& rows : all) common = std::min(common, rows.rows.size());
  EarlierRows earlier;
  for (std::size_t i = 0; i < common; ++i) {
    const Row& row = all.front().rows[i];
    if (all.back().rows[i].path != row.path)
      throw Error(all.back().file, fmt::format("its row {} is not that of {}", i + 1, all.front().file),
                  kHint);
    earlier.paths.insert(row.path);
    earlier.verdicts.insert(row.verdict);
    earlier.failed += IsFailure(StatusOf(row.status)) ? 1 : 0;
  }
  for (const Rows& rows : all) {
    if (common > 0) earlier.written = std::max(earlier.written, fs::last_write_time(rows.file));
    if (common > 0) fs::resize_file(rows.file, rows.rows[common - 1].end);
  }
  return earlier;
}

std::vector<ScoreRow> EarlierScores(const ReportOptions& files) {
  const std::vector<std::string> written = FilesOf(files);
  if (written.empty()) return {};
  const bool csv = written.front() == files.output;
  return ReadScoreFile(written.front(), csv ? ScoreFileForm::kCsv : ScoreFileForm::kJsonLines);
}

void WriteRecord(const ReportOptions& files, const nlohmann::ordered_json& record) {
  for (const std::string& file : FilesOf(files)) WriteFile(RecordPath(file), record.dump(1) + "\n");
}

void RemoveRecord(const ReportOptions& files) {
  std::error_code ignored;
  for (const std::string& file : FilesOf(files)) fs::remove(RecordPath(file), ignored);
}

}  // namespace seam
