#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/clip.pb.h"

namespace seam {

// One thing to score, or one that the user named and that has nothing to score.
struct Input {
  std::filesystem::path path;
  std::optional<Label> label;  // where a folder's name tells
  std::string problem, hint;   // why there is nothing; empty for a file
};

struct ListOptions {
  bool recursive = true;  // take the files of folders below those named, too
  // Take the label from a folder that is called real, fake or the like (labels/folder_layout.h). The first
  // one below the folder named counts, or else the nearest around it.
  bool label_folders = false;
  // Where it is not empty: files whose names begin so are fake, all others real.
  std::string label_prefix = {};
};

// The files named and the videos and pictures in the folders named, in that order, each once. In a folder a
// file is one by the ending of its name, or else by its first bytes ("clip", "clip.mp4.download"). What is
// passed over there is counted in a line of *notes, where that is given. A name that does not exist and holds
// *, ? or [ is a pattern, where `**` stands for any number of folders. Its matches are taken in order of
// their names. `-` stands for the names on standard input. A missing path, an empty folder or a pattern that
// matches nothing is an Input with a problem.
std::vector<Input> ListInputs(const std::vector<std::string>& named, const ListOptions& options,
                              std::vector<std::string>* notes = nullptr);

// The names in a list: one a line, or ended by NUL bytes where there is one.
std::vector<std::string> NamesIn(std::string_view list);

}  // namespace seam
