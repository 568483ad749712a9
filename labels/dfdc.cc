#include "labels/dfdc.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "base/csv_table.h"
#include "base/error.h"
#include "base/files.h"
#include "labels/label.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxMetadataBytes = std::uint64_t{256} << 20;
constexpr char kMetadata[] = "metadata.json", kLabels[] = "labels.csv";

// What a list says of a video.
struct Entry {
  Label label = REAL;
  std::string original;  // name of the file; empty where it is not told
  bool test = false;
  bool found = false;
};

// By the video's path below the root, without names of folders that may stand between list and video.
using Entries = std::map<std::string, Entry>;

std::string Join(const std::vector<std::string>& folders, const std::string& name) {
  return folders.empty() ? name : fmt::format("{}/{}", fmt::join(folders, "/"), name);
}

void ReadMetadata(const Tree::File& file, const std::vector<std::string>& folders, Entries* entries) {
  const auto json = nlohmann::json::parse(ReadFile(file.path, kMaxMetadataBytes), nullptr, false);
  const auto wrong = [&](const std::string& problem) {
    return Error(file.path.string(), problem,
                 R"(expected {"x.mp4": {"label": "FAKE", "original": "y.mp4"}, ...})");
  };
  if (!json.is_object()) throw wrong("is no JSON object");
  for (const auto& [name, said] : json.items()) {
    const auto label = said.is_object() && said.contains("label") && said["label"].is_string()
                           ? ParseLabel(said["label"].get<std::string>())
                           : std::nullopt;
    if (!label) throw wrong(fmt::format("says no label for '{}'", name));
    Entry entry;
    entry.label = *label;
    if (said.contains("original") && said["original"].is_string())
      entry.original = said["original"].get<std::string>();
    entries->emplace(Join(folders, Utf8Id(name)), entry);
  }
}

void ReadTestLabels(const Tree::File& file, const std::vector<std::string>& folders, Entries* entries) {
  const CsvTable table(file.path);
  table.Require("filename");
  table.Require("label");
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string text = table.Field(i, "label");
    const auto label = ParseLabel(text);
    if (!label) throw table.Wrong(i, fmt::format("label '{}' is neither real (0) nor fake (1)", text));
    Entry entry;
    entry.label = *label;
    entry.test = true;
    entries->insert_or_assign(Join(folders, Utf8Id(table.Field(i, "filename"))), entry);
  }
}

Entries ReadLists(std::vector<Tree::File>* others) {
  Entries entries;
  for (const char* list : {kMetadata, kLabels}) {
    for (Tree::File& file : *others) {
      if (file.parts.back() != list) continue;
      file.taken = true;
      const std::vector<std::string> folders(file.parts.begin(), file.parts.end() - 1);
      (list == kMetadata ? ReadMetadata : ReadTestLabels)(file, folders, &entries);
    }
  }
  return entries;
}

// The entry of a file: that of its own folder's list, or of a list in a folder above; for the pictures of a
// video in a folder of its name, the video's.
Entries::iterator Find(const std::vector<std::string>& parts, Entries* entries) {
  for (std::size_t at = parts.size(); at-- > 0;) {
    for (std::size_t above = at + 1; above-- > 0;) {
      const std::vector<std::string> folders(parts.begin(),
                                             parts.begin() + static_cast<std::ptrdiff_t>(above));
      auto found = entries->find(Join(folders, parts[at]));
      if (found == entries->end() && at + 1 < parts.size())
        found = entries->find(Join(folders, parts[at] + ".mp4"));
      if (found != entries->end()) return found;
    }
  }
  return entries->end();
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  Listing listing;
  Tree tree(root, options.by_content);
  Entries entries = ReadLists(&tree.others());
  for (Tree::File& file : tree.media()) {
    const auto entry = Find(file.parts, &entries);
    if (entry == entries.end()) continue;
    entry->second.found = true;
    Video video = Tree::Take(&file, entry->second.label);
    const std::string own = fs::path(entry->first).filename().string();
    const std::string& original = entry->second.original;
    video.keys = {original.empty() ? own : original};
    if (video.label == REAL || !original.empty()) video.footage = video.keys.front();
    if (entry->second.test) {
      video.split = "test";
      listing.open_splits = {"train", "val"};
    }
    listing.videos.push_back(std::move(video));
  }
  const auto absent = [](const auto& entry) { return !entry.second.found; };
  if (const auto first = std::find_if(entries.begin(), entries.end(), absent); first != entries.end()) {
    listing.warnings.push_back(fmt::format(
        "{}: {} of the {} names in metadata.json and labels.csv have no file here, such as {}", root.string(),
        std::count_if(first, entries.end(), absent), entries.size(), first->first));
  }
  tree.TellLeftOut("what metadata.json and labels.csv name", &listing);
  return listing;
}

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Whether the file begins as a list of the dataset: other things are called metadata.json too.
bool IsList(const fs::path& path) {
  if (!IsThere(path)) return false;
  std::string start(4096, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  if (path.extension() == ".csv")
    return start.starts_with("filename,") && start.find("label") < start.find('\n');
  return start.find("\"label\"") != std::string::npos;
}

// The first file called as a list, in `root` or in a folder of it, that is `good`; or "".
std::string FirstList(const fs::path& root, bool (*good)(const fs::path&)) {
  std::error_code code;
  for (const char* list : {kMetadata, kLabels}) {
    if (good(root / list)) return list;
  }
  std::set<std::string> found;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    for (const char* list : {kMetadata, kLabels}) {
      if (good(entry->path() / list))
        found.insert(fmt::format("{}/{}", entry->path().filename().string(), list));
    }
  }
  return found.empty() ? "" : *found.begin();
}

std::string Sign(const fs::path& root) {
  const std::string list = FirstList(root, IsList);
  return list.empty() ? "" : "has " + list;
}

// Also with a broken list, which List() will tell.
bool Fits(const fs::path& root) { return !FirstList(root, IsThere).empty(); }

}  // namespace

DatasetLayout DfdcLayout() {
  return {"dfdc", "folders of videos with a metadata.json in each (dfdc_train_part_N/), or a labels.csv",
          {},     Fits,
          Sign,   List};
}

}  // namespace seam
