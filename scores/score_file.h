#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "scores/score_columns.h"
#include "scores/score_row.h"

namespace seam {

// Score files, as docs/scores.md describes them: a row for each input, as CSV or as JSON lines.
enum class ScoreFileForm : std::uint8_t { kCsv, kJsonLines };

// JSON lines where the name ends in .jsonl, otherwise CSV.
ScoreFileForm ChooseForm(const std::filesystem::path& path);

// What a file begins with: the names of the columns, or nothing.
std::string ScoreFileHeader(ScoreFileForm form = ScoreFileForm::kCsv);
// A row's line. Numbers are the shortest that read back exactly. A score or a duration that is no finite
// number in its range is an Error. The CSV form leaves out the people, and what is known of shards alone.
std::string ScoreFileLine(const ScoreRow& row, ScoreFileForm form = ScoreFileForm::kCsv);

// Reads a score file, also one of another program. In CSV, columns are found by name in any order; only path
// and score, or what ScoreColumns takes for them, must be there. An Error names the file and the line.
std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path);
std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path, ScoreFileForm form);

// The same, of any program, with the columns that the user named. Scores of single frames
// (.../frames/VIDEO/012.png, DeepfakeBench's layout) become those of videos, by their mean. `assumed` gets a
// line for each thing that the file does not say and that was taken for granted.
std::vector<ScoreRow> ReadForeignScores(const std::filesystem::path& path, const ScoreColumns& columns,
                                        std::vector<std::string>* assumed);

// The rows of a score file that may have been cut off while it was written.
struct WholeRows {
  std::vector<ScoreRow> rows;
  std::vector<std::size_t> ends;  // of each row in the text, behind its line end
  std::size_t head = 0;           // where the first row begins
};
// Of `text`, what stands in `path`, up to its last whole row.
WholeRows ReadWholeRows(const std::filesystem::path& path, std::string_view text, ScoreFileForm form);

}  // namespace seam
