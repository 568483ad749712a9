#include "labels/layout.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

struct LayoutEntry {
  std::string name;
  std::unique_ptr<DatasetLayout> (*make)(const LayoutOptions&);
};

// Adding a layout is adding a row.
const std::vector<LayoutEntry>& LayoutTable() {
  static const std::vector<LayoutEntry> table = {
      {"folder",
       [](const LayoutOptions& options) -> std::unique_ptr<DatasetLayout> {
         return std::make_unique<FolderLayout>(options.group_by);
       }},
  };
  return table;
}

std::vector<std::string> LayoutNames() {
  std::vector<std::string> names;
  for (const auto& entry : LayoutTable()) names.push_back(entry.name);
  return names;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// "train", "val", "test", or "" where the folder's name is no split's.
std::string SplitOfFolder(const std::string& name) {
  static const std::map<std::string, std::string> splits = {
      {"train", "train"}, {"val", "val"}, {"valid", "val"}, {"validation", "val"}, {"test", "test"}};
  const auto found = splits.find(Lower(name));
  return found == splits.end() ? "" : found->second;
}

// What stands directly in `root`, for a message.
std::string Shown(const fs::path& root) {
  constexpr std::size_t kAtMost = 6;
  std::set<std::string> names;
  std::error_code code;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const bool folder = entry->is_directory(ignored);
    names.insert(Utf8Id(entry->path().filename().string()) + (folder ? "/" : ""));
  }
  if (names.empty()) return "nothing";
  std::string shown;
  std::size_t count = 0;
  for (const auto& name : names) {
    if (count == kAtMost) return fmt::format("{} and {} more", shown, names.size() - kAtMost);
    shown += (count++ > 0 ? ", " : "") + name;
  }
  return shown;
}

Error WrongTree(const fs::path& root, const std::string& problem) {
  return Error(root.string(), problem,
               fmt::format("expected real/ and fake/, or train/, val/ and test/ that hold them; found: {}",
                           Shown(root)));
}

std::vector<std::string> PartsOf(const std::string& id) {
  std::vector<std::string> parts(1);
  for (const char c : id) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// The keys of file names, by a regular expression or by the stem.
class KeyFinder {
 public:
  explicit KeyFinder(const std::string& group_by) : text_(group_by) {
    if (group_by.empty()) return;
    try {
      pattern_.emplace(group_by);
    } catch (const std::regex_error& error) {
      throw UsageError("--group-by",
                       fmt::format("'{}' is not a regular expression: {}", group_by, error.what()),
                       "the syntax is ECMAScript's, as in --group-by '([0-9]+)_'");
    }
  }

  // `split` is of the video's folder, or empty.
  std::vector<std::string> Find(const std::string& name, const std::string& split) {
    const std::string stem = fs::path(name).stem().string();
    if (pattern_) {
      auto keys = Matches(stem);
      if (!keys.empty()) {
        ++matched_;
        return keys;
      }
    }
    return {split.empty() ? stem : split + '/' + stem};
  }

  // An expression that fits no name is a mistake.
  void CheckUsed(const std::string& example) const {
    if (!pattern_ || matched_ > 0) return;
    throw UsageError("--group-by", fmt::format("'{}' matches no file name", text_),
                     "it is matched against names without their extension, such as " + example);
  }

 private:
  std::vector<std::string> Matches(const std::string& name) const {
    std::vector<std::string> keys;
    try {
      const std::size_t first = pattern_->mark_count() > 0 ? 1 : 0;
      for (std::sregex_iterator match(name.begin(), name.end(), *pattern_), end; match != end; ++match) {
        for (std::size_t i = first; i < match->size(); ++i) {
          if ((*match)[i].length() > 0) keys.push_back((*match)[i]);
        }
      }
    } catch (const std::regex_error& error) {
      throw UsageError("--group-by", fmt::format("'{}' fails on {}: {}", text_, name, error.what()),
                       "simplify it");
    }
    return keys;
  }

  std::string text_;
  std::optional<std::regex> pattern_;
  std::size_t matched_ = 0;
};

// Label, method and split by the folders of the id; false when it lies in none that says a label.
bool Place(const std::vector<std::string>& parts, Video* video) {
  std::size_t at = 0;
  if (parts.size() > 2) video->split = SplitOfFolder(parts[0]);
  if (!video->split.empty()) at = 1;
  if (parts.size() < at + 2 || !LabelOfFolder(parts[at], &video->label)) return false;
  if (video->label == FAKE && parts.size() > at + 2) video->method = parts[at + 1];
  return true;
}

// train/ inside real/ would be overlooked, and the videos split anew.
void CheckNesting(const fs::path& root, const std::vector<std::string>& parts, const Video& video) {
  if (!video.split.empty() || parts.size() < 3 || SplitOfFolder(parts[1]).empty()) return;
  throw WrongTree(
      root, fmt::format("the split is inside the class ({0}/{1}); it has to be {1}/{0}", parts[0], parts[1]));
}

void CheckAllOrNone(const fs::path& root, const std::vector<Video>& videos) {
  const auto split = [](const Video& video) { return !video.split.empty(); };
  const auto with = std::find_if(videos.begin(), videos.end(), split);
  const auto without = std::find_if_not(videos.begin(), videos.end(), split);
  if (with == videos.end() || without == videos.end()) return;
  throw WrongTree(root,
                  fmt::format("some videos lie in a split ({}), others do not ({})", with->id, without->id));
}

}  // namespace

void LayoutOptions::Register(Options* options) {
  options->Add("dataset", &dataset, "how the dataset lies on disk", LayoutNames());
  options->Add(
      "group-by", &group_by,
      "regular expression: files whose names share a match stay in one split (default: the same stem)");
}

std::unique_ptr<DatasetLayout> MakeLayout(const LayoutOptions& options) {
  for (const auto& entry : LayoutTable()) {
    if (entry.name == options.dataset) return entry.make(options);
  }
  throw UsageError("--dataset", fmt::format("'{}' is not a dataset layout", options.dataset),
                   fmt::format("choose from: {}", fmt::join(LayoutNames(), ", ")));
}

bool LabelOfFolder(const std::string& name, Label* label) {
  static const std::map<std::string, Label> labels = {{"real", REAL},     {"0_real", REAL},
                                                      {"original", REAL}, {"fake", FAKE},
                                                      {"1_fake", FAKE},   {"manipulated", FAKE}};
  const auto found = labels.find(Lower(name));
  if (found == labels.end()) return false;
  *label = found->second;
  return true;
}

std::vector<Video> FolderLayout::List(const fs::path& root) const {
  KeyFinder keys(group_by_);
  std::vector<Video> videos;
  std::size_t elsewhere = 0;
  std::string example;
  for (const auto& path : ListMediaFiles(root)) {
    Video video;
    video.id = Utf8Id(path.lexically_relative(root).generic_string());
    video.path = path;
    const auto parts = PartsOf(video.id);
    if (!Place(parts, &video)) {
      if (elsewhere++ == 0) example = video.id;
      continue;
    }
    CheckNesting(root, parts, video);
    video.keys = keys.Find(parts.back(), video.split);
    videos.push_back(std::move(video));
  }
  if (videos.empty()) throw WrongTree(root, "no videos of known label");
  CheckAllOrNone(root, videos);
  keys.CheckUsed(fs::path(videos.front().id).stem().string());
  if (elsewhere > 0) {
    SayWarning(Printable(
        fmt::format("{}: {} media files lie outside the folders of a label and are left out, such as {}",
                    root.string(), elsewhere, example)));
  }
  std::sort(videos.begin(), videos.end(), [](const Video& a, const Video& b) { return a.id < b.id; });
  return videos;
}

}  // namespace seam
