#include "labels/list_layout.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <regex>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/lower_case.h"
#include "labels/folder_layout.h"
#include "labels/label.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 5> kNames = {"list.txt", "test.txt", "train.txt", "val.txt",
                                               "validation.txt"};

struct ListedFile {
  std::string name;
  Label label = REAL;
};

// Of a line `path label`; the path may hold spaces.
std::optional<ListedFile> ParseLine(const std::string& line) {
  const std::size_t space = line.find_last_of(" \t");
  if (space == std::string::npos) return std::nullopt;
  const std::size_t end = line.find_last_not_of(" \t", space);
  const auto label = ParseLabel(line.substr(space + 1));
  if (!label || end == std::string::npos) return std::nullopt;
  return ListedFile{line.substr(0, end + 1), *label};
}

bool IsText(const fs::path& path) {
  std::error_code ignored;
  return LowerCase(path.extension().string()) == ".txt" && fs::is_regular_file(path, ignored);
}

std::vector<fs::path> ListsIn(const fs::path& root) {
  if (IsText(root)) return {root};
  std::vector<fs::path> lists;
  for (const char* name : kNames)
    if (IsText(root / name)) lists.push_back(root / name);
  return lists;
}

// The method of a fake and the keys, by the file's name.
void AddKeys(const ListedFile& file, KeyFinder* keys, Video* video) {
  static const std::regex manipulated("manipulated_(.+)_(?:c23|c40|raw)_([0-9]{3})_([0-9]{3})__[0-9]+"),
      original("original_(?:c23|c40|raw)_([0-9]{3})__[0-9]+"), frame("(.+)__[0-9]+");
  const std::string stem = fs::path(video->id).stem().string();
  std::smatch match;
  if (std::regex_match(stem, match, manipulated)) {
    if (file.label == FAKE) video->method = match[1];
    video->keys = {match[2], match[3]};
  } else if (std::regex_match(stem, match, original) || std::regex_match(stem, match, frame)) {
    video->keys = {match[1]};
  } else {
    video->keys = keys->Find(video->id, video->split);
  }
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  const std::vector<fs::path> lists = ListsIn(root);
  // With the lists of splits, list.txt has the same files once more.
  const bool all_splits = lists.size() > 1;
  KeyFinder keys(options.group_by);
  Listing listing;
  std::map<std::string, std::string> lines;  // id -> the line that has it
  std::size_t absent = 0;
  std::string example;
  for (const fs::path& list : lists) {
    if (all_splits && list.filename() == "list.txt") continue;
    const fs::path folder = list.parent_path();
    const std::string split = SplitOfFolder(list.stem().string());
    for (const auto& [number, line] : ReadLines(list)) {
      const std::string where = fmt::format("{}: line {}", list.string(), number);
      const auto file = ParseLine(line);
      if (!file) throw Error(where, fmt::format("'{}' is not `path label`", line), "0 is real, 1 is fake");
      Video video;
      video.path = folder / file->name;
      const fs::path name = fs::path(file->name).lexically_normal();
      video.id = Utf8Id(name.relative_path().generic_string());
      video.label = file->label;
      video.split = split.empty() ? SplitOfFolder(name.relative_path().begin()->string()) : split;
      if (const auto [known, added] = lines.emplace(video.id, where); !added) {
        throw Error(where, fmt::format("'{}' stands in {} as well", file->name, known->second),
                    "give each file one line, in one split");
      }
      AddKeys(*file, &keys, &video);
      std::error_code ignored;
      if (!fs::exists(video.path, ignored) && absent++ == 0) example = video.id;
      listing.videos.push_back(std::move(video));
    }
  }
  if (listing.videos.empty()) throw Error(root.string(), "has no lines", "a line for each file: path label");
  TellFrameFolders(&listing);
  if (absent > 0) {
    listing.warnings.push_back(fmt::format("{}: {} of {} have no file, such as {}", root.string(), absent,
                                           Counted(listing.videos.size(), "line"), example));
  }
  return listing;
}

// Other texts are called so as well: the first line must be that of a list.
std::string Sign(const fs::path& root) {
  for (const fs::path& list : ListsIn(root)) {
    const auto lines = ReadLines(list);
    if (!lines.empty() && ParseLine(lines.front().second))
      return list == root ? "is a list of paths and labels"
                          : fmt::format("has {}, a list of paths and labels", list.filename().string());
  }
  return "";
}

}  // namespace

DatasetLayout ListLayout() {
  return {"list",       "train.txt, validation.txt and test.txt, or one such list, with lines `path label`",
          {"group-by"}, [](const fs::path& root) { return !ListsIn(root).empty(); },
          Sign,         List};
}

}  // namespace seam
