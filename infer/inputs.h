#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace seam {

// One thing to score, or one that the user named and that has nothing to score.
struct Input {
  std::filesystem::path path;
  std::optional<int> label;   // 1 fake, 0 real, where a folder's name tells
  std::string problem, hint;  // why there is nothing; empty for a file
};

// The files named and the videos and pictures in the folders named, in that order, each once. A missing path
// or an empty folder is an Input with a problem. With `label_folders` the first folder below the one named,
// or else the nearest around it, that is called real, fake or the like (labels/folder_layout.h) is its label.
std::vector<Input> ListInputs(const std::vector<std::string>& named, bool label_folders);

}  // namespace seam
