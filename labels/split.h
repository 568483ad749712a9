#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"
#include "labels/video.h"

namespace seam {

extern const std::vector<std::string> kSplits;  // train, val, test

struct SplitOptions {
  std::string ratios = "0.7,0.15,0.15";  // of train, val, test; any of them may be 0
  std::uint64_t seed = 1;
  void Register(Options* options);
};

// Joins the videos that share a key, directly or through others, into groups (union-find) and names each
// after its first video's id.
void AssignGroups(std::vector<Video>* videos);

// Gives videos of the same bytes a key in common (before AssignGroups()); only files of equal size are read.
// A file that cannot be read, or has no bytes, gets none. A line for each two such files of different labels.
std::vector<std::string> AddContentKeys(std::vector<Video>* videos);

// The videos of no split whose group (AssignGroups() first) has a video of an official split.
std::vector<Video*> OfficialOverlap(std::vector<Video>* videos);

// Gives each group of videos that have no split, and are not left out, to one of the `open` splits. The
// shares of videos come near the ratios within each label and method. A split with a ratio above 0 gets a
// video of each label and method that has enough groups. A warning tells when a split gets none at all. The
// result depends on the ids, the ratios and the seed alone, not on the order. A UsageError when the ratios
// leave nothing for the open splits.
void AssignSplits(const SplitOptions& options, const std::vector<std::string>& open,
                  std::vector<Video>* videos);

// What crosses splits: a line for each source id (key), each group and each file's bytes (AddContentKeys())
// that stand in two splits, naming two of its videos. Empty is good.
std::vector<std::string> FindLeaks(const std::vector<Video>& videos);

// The people who stand in two splits, each with two of the videos; they are no leak where the dataset cannot
// be divided by people.
std::vector<std::string> FindSharedPeople(const std::vector<Video>& videos);

}  // namespace seam
