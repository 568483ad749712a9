#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "labels/video.h"

namespace seam {

// How a dataset lies on disk.
class DatasetLayout {
 public:
  virtual ~DatasetLayout() = default;
  // Every video below `root` in order of id, with label, method and keys, and with its split where the
  // dataset says one (for all videos or for none). An Error shows the tree that was expected beside what was
  // found.
  virtual std::vector<Video> List(const std::filesystem::path& root) const = 0;
};

struct LayoutOptions {
  std::string dataset = "folder";
  std::string group_by;  // regular expression; see FolderLayout
  void Register(Options* options);
};

// By name from the table in layout.cc; an Error lists the names.
std::unique_ptr<DatasetLayout> MakeLayout(const LayoutOptions& options);

// The label that a folder's name stands for ("real", "0_real", "original", "fake", "1_fake", "manipulated",
// in upper or lower case); false when none.
bool LabelOfFolder(const std::string& name, Label* label);

// Plain folders: real/ and fake/ (and the names above), or train/, val/ and test/ that hold them. Folders
// inside fake/ name the method. A file's keys are what the regular expression `group_by` matches in its stem,
// the file name without the extension (or the 4 of .mp4 would join all): its capture groups if it has some,
// all matches otherwise. Without one, and for a stem that it does not match, the key is the stem, so that
// real/a.mp4 and fake/a.mp4 are one group. In train/, val/ and test/ the stem counts within its split only:
// numbers there often start anew, while what the user says with `group_by` holds everywhere. A warning counts
// the files that lie elsewhere.
class FolderLayout : public DatasetLayout {
 public:
  explicit FolderLayout(std::string group_by) : group_by_(std::move(group_by)) {}
  std::vector<Video> List(const std::filesystem::path& root) const override;

 private:
  std::string group_by_;
};

}  // namespace seam
