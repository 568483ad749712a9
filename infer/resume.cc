#include "infer/resume.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "labels/video.h"
#include "labels/video_facts.h"
#include "scores/score_file.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHint = "leave out --resume to score everything anew";

std::string RecordPath(const std::string& file) { return file + ".run.json"; }
constexpr char kDigest[] = "sha256";  // of the score file, once the run has ended

std::vector<std::string> CollectFiles(const ReportOptions& files) {
  std::vector<std::string> all;
  for (const std::string& file : {files.output, files.jsonl}) {
    std::error_code ignored;
    if (!file.empty() && file != "-" && !fs::is_other(file, ignored)) all.push_back(file);
  }
  return all;
}

ScoreFileForm ChooseForm(const ReportOptions& files, const std::string& file) {
  return file == files.output ? ScoreFileForm::kCsv : ScoreFileForm::kJsonLines;
}

WholeRows ReadRows(const ReportOptions& files, const std::string& file) {
  if (!fs::exists(file)) return {};
  const std::string text = ReadFile(file);
  const std::string head = ScoreFileHeader(ChooseForm(files, file));
  if (!text.starts_with(head) && text.find('\n') != std::string::npos)
    throw Error(file, "is no score file, or one of another version of Seam", kHint);
  return ReadWholeRows(file, text, ChooseForm(files, file));
}

// As both forms have it.
std::string GetName(const ReportOptions& files, const std::string& file, const ScoreRow& row) {
  return ChooseForm(files, file) == ScoreFileForm::kCsv ? Utf8Id(row.path) : row.path;
}

void CheckRecord(const std::string& file, const nlohmann::ordered_json& record) {
  const std::string path = RecordPath(file);
  if (!fs::exists(path)) throw Error(file, fmt::format("has rows, but {} is missing", path), kHint);
  const auto earlier = nlohmann::ordered_json::parse(ReadFile(path), nullptr, false);
  if (!earlier.is_object()) throw Error(path, "is damaged", kHint);
  if (const auto digest = earlier.find(kDigest); digest != earlier.end() && *digest != Sha256OfFile(file))
    throw Error(file, "has changed since its run ended", kHint);
  for (const auto& [name, value] : record.items()) {
    const auto found = earlier.find(name);
    if (name == "model" || (found != earlier.end() && *found == value)) continue;
    throw Error(file,
                fmt::format("was made with another {}: {}, not {}", name,
                            found == earlier.end() ? "none" : found->dump(), value.dump()),
                kHint);
  }
  for (const auto& [name, value] : earlier.items()) {
    if (!record.contains(name) && name != kDigest)
      throw Error(file, fmt::format("was made with another {}: {}, not none", name, value.dump()), kHint);
  }
}

}  // namespace

EarlierRows TakeUp(const ReportOptions& files, const nlohmann::ordered_json& record) {
  const std::vector<std::string> written = CollectFiles(files);
  std::vector<WholeRows> all;
  for (const std::string& file : written) {
    all.push_back(ReadRows(files, file));
    if (!all.back().rows.empty()) CheckRecord(file, record);
  }
  std::size_t common = all.empty() ? 0 : all.front().rows.size();
  for (const WholeRows& rows : all) common = std::min(common, rows.rows.size());
  EarlierRows earlier;
  for (std::size_t i = 0; i < common; ++i) {
    const ScoreRow& row = all.front().rows[i];
    const std::string name = GetName(files, written.front(), row);
    if (GetName(files, written.back(), all.back().rows[i]) != name)
      throw Error(written.back(), fmt::format("its row {} is not that of {}", i + 1, written.front()), kHint);
    earlier.paths.insert(name);
    if (row.verdict) earlier.verdicts.insert(*row.verdict);
    earlier.failed += IsFailure(row.status) ? 1 : 0;
  }
  for (std::size_t i = 0; common > 0 && i < all.size(); ++i) {
    earlier.written = std::max(earlier.written, fs::last_write_time(written[i]));
    fs::resize_file(written[i], all[i].ends[common - 1]);
  }
  return earlier;
}

std::vector<ScoreRow> EarlierScores(const ReportOptions& files) {
  const std::vector<std::string> written = CollectFiles(files);
  if (written.empty()) return {};
  return ReadScoreFile(written.front(), ChooseForm(files, written.front()));
}

void SealRecord(const ReportOptions& files, nlohmann::ordered_json record) {
  for (const std::string& file : CollectFiles(files)) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;  // a pipe or a device
    record[kDigest] = Sha256OfFile(file);
    WriteFile(RecordPath(file), record.dump(1) + "\n");
  }
}

void WriteRecord(const ReportOptions& files, const nlohmann::ordered_json& record) {
  for (const std::string& file : CollectFiles(files)) WriteFile(RecordPath(file), record.dump(1) + "\n");
}

void RemoveRecord(const ReportOptions& files) {
  std::error_code ignored;
  for (const std::string& file : CollectFiles(files)) fs::remove(RecordPath(file), ignored);
}

}  // namespace seam
