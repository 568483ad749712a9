#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "scores/score_file.h"

namespace seam {

// What is known of a video besides its score. Empty texts: not known.
struct Truth {
  Label label = REAL;
  std::string dataset, method, split;
};

// The truth about videos, by path.
struct TruthTable {
  std::map<std::string, Truth> videos;
  // What the dataset says against itself: its splits share footage. Empty when nothing.
  std::string leak;
};

// From a CSV file with the columns path (or filename, file, video) and label, and maybe dataset, method,
// split; from a manifest.jsonl; from a JSON file of labels by name, such as DFDC's metadata.json; or from a
// dataset folder with a manifest. Every problem is an Error that names the line.
TruthTable ReadTruth(const std::filesystem::path& path);

// What dataset.json in a dataset folder says against itself, as TruthTable::leak.
std::string FindLeak(const std::filesystem::path& folder);

// Sets the rows' label, dataset, method and split by their exact path; or else by the one video whose path is
// the end of the row's, or the other way round (a/b.mp4 and data/a/b.mp4); or else by the file name where one
// row and one video alone have it. Returns how many videos fit no row.
std::size_t ApplyTruth(const TruthTable& truth, std::vector<ScoreRow>* rows);

}  // namespace seam
