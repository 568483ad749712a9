#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "labels/video.h"

namespace seam {

// Whether a file is a video or a picture by its bytes, whatever its name. Readers of media stand above this
// folder, so programs pass LooksLikeMedia() (extract/media/media_kind.h) down.
using MediaTest = std::function<bool(const std::filesystem::path&)>;

// Moves those of `others` that pass the test to `files`, which stay in order of their bytes; what is named as
// sound stays, since the containers of films hold sound as well.
void AddByContent(const MediaTest& is_media, std::vector<std::filesystem::path>* others,
                  std::vector<std::filesystem::path>* files);

// What a layout found in a dataset.
struct Listing {
  std::vector<Video> videos;  // with label, method and keys, and with their split where the dataset says it
  // The splits that are left for videos of none: those that no official list fills.
  std::vector<std::string> open_splits = {"train", "val", "test"};
  std::vector<std::string> warnings, notes;  // a line each, about files that the user may miss
  // What may have held the other class, in words, or "": media files that no label was found for, a folder of
  // a class without a video.
  std::string lost;
};

// The files below a dataset's root, each taken by the layout or told as left out. Where a video and pictures
// of its footage are both there (videos/a.mp4 beside frames/a/0001.png or frames/a_0001.png; a.mp4 beside
// a/0001.png), the video alone is.
class Tree {
 public:
  struct File {
    std::filesystem::path path;
    std::vector<std::string> parts;  // of its path below the root, as Utf8Id() writes it
    bool taken = false;
  };

  // Media files are those of a name of media, and where `by_content` is given those that pass it.
  Tree(const std::filesystem::path& root, const MediaTest& by_content);

  // Media files, in order of their paths.
  std::vector<File>& media() { return media_; }
  // The other files, so that a layout takes its lists.
  std::vector<File>& others() { return others_; }
  // A video of `file`, with id, path and `label`; the file is taken.
  static Video Take(File* file, Label label);
  // Adds warnings of what was not taken: media files outside of `where`, and files of other kinds.
  void TellLeftOut(const std::string& where, Listing* listing) const;

 private:
  void LeaveOutFrames();

  std::filesystem::path root_;
  std::vector<File> media_, others_;
  std::size_t frames_ = 0;  // pictures left out, for their video is there
  std::string frames_example_;
};

// Whether the folder says what its files are, not whose: "videos", "frames", "images", "faces", "crops".
bool IsKindFolder(const std::string& name);

// Notes as lost that `folder` of the root holds files and no video has its label.
void NoteEmptyClass(const std::filesystem::path& root, const std::string& folder, Label label,
                    Listing* listing);

// The name of a video whose file, or whose folder of pictures, is parts[at]: without the extension of a file.
// A folder of a kind in between does not count.
std::string NameAt(const std::vector<std::string>& parts, std::size_t at);

// What stands directly in `root`, for a message.
std::string Shown(const std::filesystem::path& root);

// "12 videos" or "1 video".
std::string Counted(std::size_t count, const std::string& noun);

// "3 .txt, 1 without an ending", the most frequent first, of lower-case endings and how many files have them.
std::string ListKinds(const std::map<std::string, std::size_t>& counts);

// The members of a list like "c23, c40".
std::vector<std::string> SplitList(const std::string& text);

// The words, each in `allowed` (in any case; the result is as it stands there); all of `allowed` for none. A
// UsageError about `option` names a word that is not.
std::set<std::string> ChooseAmong(const std::string& option, const std::vector<std::string>& words,
                                  const std::vector<std::string>& allowed);

// The names in official lists, and whether a file was found for each.
class OfficialList {
 public:
  // `where` is the file that says it. An Error when `name` has another split already.
  void Add(const std::filesystem::path& where, const std::string& name, const std::string& split);
  // The split of `name`, which is present; empty when no list has it.
  std::string Find(const std::string& name);
  bool empty() const { return splits_.empty(); }
  // Adds a warning when some names are absent, or when `unlisted` videos stand in no list.
  void TellAbsent(const std::string& lists, std::size_t unlisted, Listing* listing) const;

 private:
  std::map<std::string, std::string> splits_;
  std::set<std::string> found_;
};

// The lines of a list, without spaces around them and without empty ones, and their numbers.
std::vector<std::pair<std::size_t, std::string>> ReadLines(const std::filesystem::path& path);

}  // namespace seam
