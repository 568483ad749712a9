#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace seam {

// A row of a score file: one input and what became of it. See docs/scores.md.
struct ScoreRow {
  std::string path;
  std::string status;                 // "ok", "damaged", "no_face", "unreadable", ...
  std::optional<double> score;        // P(fake), 0 to 1; none where nothing could be scored
  std::optional<double> probability;  // calibrated, where the checkpoint can tell
  std::optional<double> threshold;    // that the verdict was given by
  std::string verdict;                // "fake", "real", "uncertain", "no_face", "error"
  std::optional<int> label;           // 1 fake, 0 real, where it is known
  int frames = 0;                     // sampled
  int faces = 0;                      // found in them
  int tracks = 0;                     // people followed through them
  double seconds = 0;                 // of the video that were looked at
  std::string reason;                 // why the status is not ok
  std::string note;                   // where the user made the run differ from the checkpoint's training
  // Read where the file has such columns; the writer leaves them out.
  std::string dataset, method, split;
  bool trained_on = false;  // the network learned from these very shards
  std::string chosen_on;    // what was chosen on these very shards: "epoch", "epoch and threshold", ""
  std::vector<double> frame_scores;  // of the faces of people who count; of the JSON lines form alone
};

// The first line, and a row's line, of the CSV form. Numbers are the shortest that read back exactly. A score
// or a duration that is no finite number in its range is an Error.
std::string ScoreFileHeader();
std::string ScoreFileLine(const ScoreRow& row);

// Reads the CSV form, or the JSON lines form (docs/scores.md) where the name ends in .jsonl. Columns are
// found by name in any order; only path and score must be there. An Error names the file and the line (in
// CSV, blank lines are not counted).
std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path);
enum class ScoreFileForm : std::uint8_t { kCsv, kJsonLines };
std::vector<ScoreRow> ReadScoreFile(const std::filesystem::path& path, ScoreFileForm form);

}  // namespace seam
