#include "scores/score_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <regex>

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

// Whether every row is a numbered picture in a folder below one called `frames`.
bool AreFrames(const std::vector<ScoreRow>& rows) {
  static const std::regex frame(R"(.*[/\\]frames[/\\].+[/\\][0-9]+\.(png|jpe?g))", std::regex::icase);
  return !rows.empty() && std::all_of(rows.begin(), rows.end(),
                                      [](const ScoreRow& row) { return std::regex_match(row.path, frame); });
}

// A row for each folder of frames, in order of their first.
std::vector<ScoreRow> GatherVideos(const std::filesystem::path& file, const std::vector<ScoreRow>& frames) {
  std::vector<ScoreRow> videos;
  std::map<std::string, std::size_t> numbers;
  for (const ScoreRow& frame : frames) {
    const std::string folder = frame.path.substr(0, frame.path.find_last_of("/\\"));
    const auto [entry, added] = numbers.emplace(folder, videos.size());
    if (added) {
      videos.push_back(frame);
      videos.back().path = folder;
      videos.back().frames = 0;
    }
    ScoreRow& video = videos[entry->second];
    if (video.label != frame.label)
      throw Error(file.string(), fmt::format("'{}' has real and fake frames", folder),
                  "give a video's frames one label");
    ++video.frames;
    if (frame.score) video.frame_scores.push_back(*frame.score);
  }
  for (ScoreRow& video : videos) {
    const auto& scores = video.frame_scores;
    video.score.reset();
    if (scores.empty()) continue;
    video.score = std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
    if (video.status == Status::kOther) video.status = Status::kOk;
  }
  return videos;
}

}  // namespace

ScoreFileForm ChooseForm(const std::filesystem::path& path) {
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
  return ReadScoreFile(path, ChooseForm(path));
}

std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path, ScoreFileForm form) {
  return form == ScoreFileForm::kCsv ? ReadScoreCsv(CsvTable(path))
                                     : ReadScoreJson(path.string(), ReadFile(path, kMaxBytes));
}

std::vector<ScoreRow> ReadForeignScores(const std::filesystem::path& path, const ScoreColumns& columns,
                                        std::vector<std::string>* assumed) {
  if (ChooseForm(path) == ScoreFileForm::kJsonLines) return ReadScoreFile(path);
  std::vector<ScoreRow> rows = ReadScoreCsv(CsvTable(path), columns, assumed);
  if (!AreFrames(rows)) return rows;
  std::vector<ScoreRow> videos = GatherVideos(path, rows);
  assumed->push_back(
      fmt::format("{} rows are single frames of {} videos: a video's score is the mean of its frames'",
                  rows.size(), videos.size()));
  return videos;
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
