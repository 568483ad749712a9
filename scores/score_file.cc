#include "scores/score_file.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "scores/score_csv.h"
#include "scores/score_json.h"

namespace seam {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;

// Where each whole record ends. In CSV a line end between quotes is none.
std::vector<std::size_t> RecordEnds(std::string_view text, ScoreFileForm form) {
  std::vector<std::size_t> ends;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (form == ScoreFileForm::kCsv && text[i] == '"') quoted = !quoted;
    if (text[i] == '\n' && !quoted) ends.push_back(i + 1);
  }
  return ends;
}

}  // namespace

ScoreFileForm FormOf(const std::filesystem::path& path) {
  return path.extension() == ".jsonl" ? ScoreFileForm::kJsonLines : ScoreFileForm::kCsv;
}

std::string ScoreFileHeader(ScoreFileForm form) {
  return form == ScoreFileForm::kCsv ? ScoreCsvHeader() : "";
}

std::string ScoreFileLine(const ScoreRow& row, ScoreFileForm form) {
  if (row.score && !(*row.score >= 0 && *row.score <= 1))
    throw Error(row.path, fmt::format("score {} is not a number from 0 to 1", *row.score));
  if (!(row.seconds >= 0 && row.seconds <= std::numeric_limits<double>::max()))
    throw Error(row.path, fmt::format("{} seconds is not a duration", row.seconds));
  return form == ScoreFileForm::kCsv ? ScoreCsvLine(row) : ScoreJsonLine(row);
}

std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path) {
  return ReadScoreFile(path, FormOf(path));
}

std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path, ScoreFileForm form) {
  return form == ScoreFileForm::kCsv ? ReadScoreCsv(CsvTable(path))
                                     : ReadScoreJson(path.string(), ReadFile(path, kMaxBytes));
}

WholeRows ReadWholeRows(const std::filesystem::path& path, std::string_view text, ScoreFileForm form) {
  WholeRows whole;
  whole.ends = RecordEnds(text, form);
  if (whole.ends.empty()) return whole;
  const std::string_view records = text.substr(0, whole.ends.back());
  if (form == ScoreFileForm::kJsonLines) {
    whole.rows = ReadScoreJson(path.string(), records);
  } else {
    whole.head = whole.ends.front();
    whole.ends.erase(whole.ends.begin());
    if (!whole.ends.empty()) whole.rows = ReadScoreCsv(CsvTable(path, records));
  }
  if (whole.rows.size() != whole.ends.size())
    throw Error(path.string(), "has empty lines, which Seam does not write", "remove them");
  return whole;
}

}  // namespace seam
