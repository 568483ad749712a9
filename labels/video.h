#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/clip.pb.h"

namespace seam {

// A file of a dataset and what is known of it. The unit of labels, splits and verdicts; a picture is a video
// of one frame.
struct Video {
  std::string id;              // Utf8Id() of its path inside the dataset, with '/': unique there
  std::filesystem::path path;  // where it is
  std::string dataset;         // name of the dataset it belongs to
  Label label = REAL;
  std::string method;             // of manipulation; empty for real videos
  std::vector<std::string> keys;  // footage, people, sources: videos that share one are one group
  std::string group;              // name of the group, by AssignGroups()
  std::string split;              // "train", "val", "test"; empty until known, and when left out
  // People seen where groups cannot keep them apart: that they cross splits is reported, not refused.
  std::vector<std::string> people;
  // What was filmed, at one compression: a fake shows its target's footage frame by frame. May be empty.
  std::string footage;
  std::string real;            // of a fake: id of the one real video of the same footage, or empty
  std::string status, reason;  // why it is not extracted: "official_overlap"; empty for one that is
};

// Whether the file's name ends as a video's or a picture's (upper or lower case). A few of these (rm, vvc,
// jxl) Seam does not read; they are listed all the same, and are reported as unreadable.
bool IsMediaFile(const std::filesystem::path& path);

// Whether it ends as a picture's.
bool IsPictureFile(const std::filesystem::path& path);

// The media files below `root` in order of the bytes of their paths, without hidden ones. A link to a file
// counts. A link that leads nowhere counts too, and so does a pipe or a device with such a name: they will be
// reported as unreadable. Links to folders are followed, but each folder is listed once, under its own path
// where it has one below `root`. An Error when `root` cannot be read. A folder below that cannot be read is
// an Error too. Where `problems` is given it is an entry there instead (the folder, the system's words), and
// the listing goes on. `others`, where given, gets the regular files of other names, in order.
std::vector<std::filesystem::path> ListMediaFiles(
    const std::filesystem::path& root,
    std::vector<std::pair<std::filesystem::path, std::string>>* problems = nullptr,
    std::vector<std::filesystem::path>* others = nullptr);

// The name as text for ids, methods and JSON. A byte that is not UTF-8 becomes \xNN. So does a backslash that
// would look like such an escape: two names never become one.
std::string Utf8Id(std::string_view name);

}  // namespace seam
