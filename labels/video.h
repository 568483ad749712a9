#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "proto/clip.pb.h"

namespace seam {

// A file of a dataset and what is known of it. The unit of labels, splits and verdicts; a picture is a video of one
// frame.
struct Video {
  std::string id;              // its path inside the dataset, with '/': unique there
  std::filesystem::path path;  // where it is
  Label label = REAL;
  std::string method;              // of manipulation; empty for real videos
  std::vector<std::string> keys;   // footage, people, sources: videos that share one are one group
  std::string group;               // name of the group, by AssignGroups()
  std::string split;               // "train", "val", "test"; empty until known
};

// Whether the file's name ends as a video's or a picture's that Seam reads (upper or lower case).
bool IsMediaFile(const std::filesystem::path& path);

// The media files below `root` in order of their paths; links to folders are followed once. An Error when `root` is
// missing or no folder.
std::vector<std::filesystem::path> ListMediaFiles(const std::filesystem::path& root);

}  // namespace seam
