#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "labels/layout.h"

namespace seam {

// Plain folders: real/ and fake/ (and other names, see LabelOfFolder), or train/, val/ and test/ that hold
// them. Folders inside fake/ name the method. In train/, val/ and test/ a file's stem is a key within its
// split only: numbers there often start anew, while what the user says with `group_by` holds everywhere.
DatasetLayout FolderLayout();

// The label that a folder's name stands for; false when none. One of its words says it ("real", "original",
// "pristine", ...; "fake", "deepfake", "manipulated", "synthetic", ...), the others say nothing of it:
// numbers, "videos", "images", "training" (0_real, Real Videos, training_fake). In upper or lower case.
bool LabelOfFolder(const std::string& name, Label* label);

// "train", "val", "test", or "" where the folder's name (in any case; also "valid", "validation") is none's.
std::string SplitOfFolder(const std::string& name);

// What a file goes by: the stem of its name, without the extension (or the 4 of .mp4 would join all).
// Numbered pictures (0001.png, frame_12.jpg) are the frames of one video. They go by their folder's name,
// unless the folder is one of a label or a split.
std::string NameOfVideo(const std::string& id);

// Adds a note where pictures go by their folder's name: they may have nothing in common.
void TellFrameFolders(Listing* listing);

// The keys of files: what the regular expression `group_by` matches in NameOfVideo(): its capture groups if
// it has some, all matches otherwise. Without an expression, and for a name that it does not match, the key
// is the name, so that real/a.mp4 and fake/a.mp4 are one group.
class KeyFinder {
 public:
  // UsageError where it is no regular expression.
  explicit KeyFinder(const std::string& group_by);
  // `split` is the video's where names count within their split only, or empty.
  std::vector<std::string> Find(const std::string& id, const std::string& split);
  // UsageError for an expression that fits no name. `example` is an id.
  void CheckUsed(const std::string& example) const;

 private:
  std::vector<std::string> Matches(const std::string& name) const;

  std::string text_;
  std::optional<std::regex> pattern_;
  std::size_t matched_ = 0;
};

}  // namespace seam
