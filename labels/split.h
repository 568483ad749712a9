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

// Gives each group (AssignGroups() first) to one split, so that the shares of videos come near the ratios,
// within each kind of group (only real, only fake, both); a split with a ratio above 0 gets a group of each
// kind that has enough, and a warning tells when one gets none at all. The answer depends on the ids, the
// ratios and the seed alone, not on the order.
void AssignSplits(const SplitOptions& options, std::vector<Video>* videos);

// What crosses splits: a line for each group in two splits and for each file whose bytes stand in two splits,
// naming two of its videos. Empty is good. A file that cannot be read is no leak.
std::vector<std::string> FindLeaks(const std::vector<Video>& videos);

}  // namespace seam
