#include "labels/folder_layout.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/lower_case.h"
#include "labels/label.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// The words of a folder's name in lower case: at spaces, "-", "_", "." and where "aB" stands, and without
// digits that stand alone.
std::vector<std::string> ToWords(const std::string& name) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool apart = c == ' ' || c == '-' || c == '_' || c == '.';
    if (apart || (upper && before >= 'a' && before <= 'z')) words.emplace_back();
    if (!apart) words.back() += c;
    before = c;
  }
  std::erase_if(words, [](const std::string& word) {
    return word.find_first_not_of("0123456789") == std::string::npos;
  });
  for (std::string& word : words) word = LowerCase(word);
  return words;
}

// Label, method and split by the folders of the id; false when it lies in none that says a label.
bool Place(const std::vector<std::string>& parts, Video* video) {
  std::size_t at = 0;
  if (parts.size() > 2) video->split = SplitOfFolder(parts[0]);
  if (!video->split.empty()) at = 1;
  if (parts.size() < at + 2 || !LabelOfFolder(parts[at], &video->label)) return false;
  std::size_t method = at + 1;
  while (method + 1 < parts.size() && IsKindFolder(parts[method])) ++method;
  const bool is_number = parts[method].find_first_not_of("0123456789") == std::string::npos;  // a video's
  if (video->label == FAKE && parts.size() > method + 1 && !is_number) video->method = parts[method];
  return true;
}

// Whether it is a numbered picture in a folder that may be a video's.
bool IsFrame(const std::string& id) {
  static const std::regex frame("(frame|img|image|face)?[_-]?[0-9]+\\.(jpe?g|png|webp|bmp|tiff?)",
                                std::regex::icase);
  const fs::path path(id);
  const std::string folder = path.parent_path().filename().string();
  Label ignored = REAL;
  return !folder.empty() && !LabelOfFolder(folder, &ignored) && SplitOfFolder(folder).empty() &&
         std::regex_match(path.filename().string(), frame);
}

// train/ inside real/ would be overlooked, and the videos split anew.
void CheckNesting(const fs::path& root, const std::vector<std::string>& parts, const Video& video) {
  if (!video.split.empty() || parts.size() < 3 || SplitOfFolder(parts[1]).empty()) return;
  throw WrongTree(
      FolderLayout(), root,
      fmt::format("the split is inside the class ({0}/{1}); it has to be {1}/{0}", parts[0], parts[1]));
}

void CheckAllOrNone(const fs::path& root, const std::vector<Video>& videos) {
  const auto split = [](const Video& video) { return !video.split.empty(); };
  const auto with = std::find_if(videos.begin(), videos.end(), split);
  const auto without = std::find_if_not(videos.begin(), videos.end(), split);
  if (with == videos.end() || without == videos.end()) return;
  throw WrongTree(FolderLayout(), root,
                  fmt::format("some videos lie in a split ({}), others do not ({})", with->id, without->id));
}

// The folders directly in `folder`, in order of name.
std::vector<std::string> FoldersIn(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) names.insert(entry->path().filename().string());
  }
  return {names.begin(), names.end()};
}

// The folders of a label in `root`, or in those of a split: "fake", "test/fake".
std::vector<std::string> LabelFolders(const fs::path& root) {
  std::vector<std::string> direct, in_splits;
  Label ignored = REAL;
  for (const auto& name : FoldersIn(root)) {
    if (LabelOfFolder(name, &ignored)) direct.push_back(name);
    if (SplitOfFolder(name).empty()) continue;
    for (const auto& inside : FoldersIn(root / name)) {
      if (LabelOfFolder(inside, &ignored)) in_splits.push_back(fmt::format("{}/{}", name, inside));
    }
  }
  direct.insert(direct.end(), in_splits.begin(), in_splits.end());
  return direct;
}

// The split that a word of a folder's name says: "train" for "real_train".
std::string SplitInName(const std::string& folder) {
  for (const std::string& word : ToWords(folder)) {
    if (std::string split = SplitOfFolder(word); !split.empty()) return split;
  }
  return "";
}

// Whether the folders of the labels say splits, more than one: "real_train" beside "real_test".
bool NamesTellSplits(const fs::path& root) {
  std::set<std::string> splits;
  for (const std::string& folder : LabelFolders(root)) splits.insert(SplitInName(folder));
  splits.erase("");
  return splits.size() > 1;
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  KeyFinder keys(options.group_by);
  const bool names_tell = NamesTellSplits(root);
  Listing listing;
  Tree tree(root, options.by_content);
  for (Tree::File& file : tree.media()) {
    Video place;
    if (!Place(file.parts, &place)) continue;
    if (names_tell && place.split.empty()) place.split = SplitInName(file.parts.front());
    CheckNesting(root, file.parts, place);
    Video video = Tree::Take(&file, place.label);
    video.method = place.method;
    video.split = place.split;
    video.keys = keys.Find(video.id, video.split);
    listing.videos.push_back(std::move(video));
  }
  if (!listing.videos.empty()) {
    CheckAllOrNone(root, listing.videos);
    keys.CheckUsed(listing.videos.front().id);
    TellFrameFolders(&listing);
  }
  tree.TellLeftOut("the folders of a label", &listing);
  for (const auto& folder : LabelFolders(root)) {
    Label label = REAL;
    LabelOfFolder(fs::path(folder).filename().string(), &label);
    NoteEmptyClass(root, folder, label, &listing);
  }
  return listing;
}

std::string Sign(const fs::path& root) {
  const auto folders = LabelFolders(root);
  return folders.empty() ? "" : fmt::format("has {}/", folders.front());
}

}  // namespace

DatasetLayout FolderLayout() {
  return {"folder",     "real/ and fake/, or train/, val/ and test/ that hold them",
          {"group-by"}, [](const fs::path& root) { return !Sign(root).empty(); },
          Sign,         List};
}

bool LabelOfFolder(const std::string& name, Label* label) {
  static const std::set<std::string> fillers = {
      "deep",   "video", "videos",  "image", "images",   "face",       "faces",   "frame",
      "frames", "clips", "data",    "train", "training", "set",        "samples", "pictures",
      "photos", "test",  "testing", "val",   "valid",    "validation", "ff"};
  std::set<Label> found;
  for (const std::string& word : ToWords(name)) {
    if (const std::optional<Label> known = LabelOfWord(word))
      found.insert(*known);
    else if (fillers.count(word) == 0)
      return false;
  }
  if (found.size() != 1) return false;
  *label = *found.begin();
  return true;
}

std::string SplitOfFolder(const std::string& name) {
  static const std::map<std::string, std::string> splits = {
      {"train", "train"},    {"training", "train"}, {"val", "val"},     {"valid", "val"},
      {"validation", "val"}, {"test", "test"},      {"testing", "test"}};
  const auto found = splits.find(LowerCase(name));
  return found == splits.end() ? "" : found->second;
}

KeyFinder::KeyFinder(const std::string& group_by) : text_(group_by) {
  if (group_by.empty()) return;
  try {
    pattern_.emplace(group_by);
  } catch (const std::regex_error& error) {
    throw UsageError("--group-by",
                     fmt::format("'{}' is not a regular expression: {}", group_by, error.what()),
                     "the syntax is ECMAScript's, as in --group-by '([0-9]+)_'");
  }
}

std::string NameOfVideo(const std::string& id) {
  const fs::path path(id);
  return IsFrame(id) ? path.parent_path().filename().string() : path.stem().string();
}

void TellFrameFolders(Listing* listing) {
  std::set<fs::path> folders;
  std::size_t frames = 0;
  for (const Video& video : listing->videos) {
    if (!IsFrame(video.id)) continue;
    ++frames;
    folders.insert(fs::path(video.id).parent_path());
  }
  if (frames == 0) return;
  listing->notes.push_back(fmt::format("{} in {}, such as {}: the pictures of a folder count as one video's",
                                       Counted(frames, "numbered picture"), Counted(folders.size(), "folder"),
                                       folders.begin()->string()));
}

std::vector<std::string> KeyFinder::Find(const std::string& id, const std::string& split) {
  const std::string name = NameOfVideo(id);
  if (pattern_) {
    auto keys = Matches(name);
    if (!keys.empty()) {
      ++matched_;
      return keys;
    }
  }
  return {split.empty() ? name : split + '/' + name};
}

void KeyFinder::CheckUsed(const std::string& example) const {
  if (!pattern_ || matched_ > 0) return;
  throw UsageError("--group-by", fmt::format("'{}' matches no file name", text_),
                   "it is matched against names without their extension, such as " + NameOfVideo(example));
}

std::vector<std::string> KeyFinder::Matches(const std::string& name) const {
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

}  // namespace seam
