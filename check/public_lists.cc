#include "check/public_lists.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/files.h"
#include "labels/split.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxListBytes = std::uint64_t{64} << 20;

std::string Joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, "/")); }

// The folders before the video's name, without those of a kind or a split.
std::vector<std::string> FoldersBefore(const std::vector<std::string>& parts, std::size_t name) {
  std::vector<std::string> folders;
  for (std::size_t i = 0; i < name; ++i) {
    const bool split = std::find(kSplits.begin(), kSplits.end(), parts[i]) != kSplits.end();
    if (!split && !IsKindFolder(parts[i])) folders.push_back(parts[i]);
  }
  return folders;
}

// The first part whose name, without an ending, is a match; the number of parts where none is.
std::size_t FindName(const std::vector<std::string>& parts, const std::regex& pattern) {
  std::size_t at = 0;
  while (at < parts.size() && !std::regex_match(fs::path(parts[at]).stem().string(), pattern)) ++at;
  return at;
}

PublicList FaceForensics(Tree* tree) {
  static const std::regex original("[0-9]{3}"), fake("[0-9]{3}_[0-9]{3}"), both("[0-9]{3}(_[0-9]{3})?");
  PublicList list;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Tree::File& file : tree->others()) {
    const bool known =
        file.parts.size() == 2 && file.parts[0] == "splits" && file.path.extension() == ".json";
    const auto json =
        known ? nlohmann::json::parse(ReadFile(file.path, kMaxListBytes), nullptr, false) : nlohmann::json();
    if (!json.is_array()) continue;
    list.file = "splits/*.json";
    for (const auto& pair : json) {
      if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
        pairs.emplace_back(pair[0], pair[1]);
    }
  }
  std::map<std::string, bool> folders;  // and whether they hold fakes
  for (const Tree::File& file : tree->media()) {
    const std::size_t at = FindName(file.parts, both);
    if (at == file.parts.size()) continue;
    std::vector<std::string> parts = FoldersBefore(file.parts, at);
    if (std::find(parts.begin(), parts.end(), "masks") != parts.end()) continue;
    const std::string folder = Joined(parts), name = fs::path(file.parts[at]).stem().string();
    folders[folder] = folders[folder] || std::regex_match(name, fake);
    list.there.insert(folder + "/" + name);
  }
  for (const auto& [folder, fakes] : folders) {
    for (const auto& [a, b] : pairs) {
      list.names.insert(folder + "/" + (fakes ? a + "_" + b : a));
      list.names.insert(folder + "/" + (fakes ? b + "_" + a : b));
    }
  }
  return list;
}

// How many videos the papers publish: Li and others, CVPR 2020, table 1, and the dataset's own page.
const std::map<std::string, std::size_t>& CelebDfCounts(bool second) {
  static const std::map<std::string, std::size_t> first_version = {
      {"Celeb-real", 158}, {"YouTube-real", 250}, {"Celeb-synthesis", 795}};
  static const std::map<std::string, std::size_t> second_version = {
      {"Celeb-real", 590}, {"YouTube-real", 300}, {"Celeb-synthesis", 5639}};
  return second ? second_version : first_version;
}

PublicList CelebDf(Tree* tree, bool second) {
  constexpr const char* kList = "List_of_testing_videos.txt";
  PublicList list;
  for (const Tree::File& file : tree->others()) {
    if (file.parts != std::vector<std::string>{kList}) continue;
    list.file = kList;
    for (const auto& [number, line] : ReadLines(file.path)) {
      const std::string name = line.substr(std::min(line.find(' ') + 1, line.size()));
      list.names.insert(name.substr(0, name.rfind('.')));
    }
  }
  std::map<std::string, std::set<std::string>> all;
  for (const Tree::File& file : tree->media()) {
    if (file.parts.size() < 2 || CelebDfCounts(second).count(file.parts[0]) == 0) continue;
    const std::string name = file.parts[0] + "/" + NameAt(file.parts, 1);
    all[file.parts[0]].insert(name);
    // The list is of the test alone: what it does not name is no stranger.
    if (list.names.count(name) > 0) list.there.insert(name);
  }
  for (const auto& [folder, count] : CelebDfCounts(second))
    list.notes.push_back(fmt::format("{}: {} of the {} published videos", folder, all[folder].size(), count));
  return list;
}

PublicList DeeperForensics(Tree* tree) {
  PublicList list;
  std::set<std::string> names, variants;
  for (const Tree::File& file : tree->others()) {
    if (file.parts.size() != 3 || file.parts[0] != "lists" || file.parts[1] != "splits") continue;
    list.file = "lists/splits/*.txt";
    for (const auto& [number, line] : ReadLines(file.path)) names.insert(fs::path(line).stem().string());
  }
  for (const Tree::File& file : tree->media()) {
    if (file.parts.size() < 3 || file.parts[0] != "manipulated_videos") continue;
    variants.insert(file.parts[1]);
    list.there.insert(file.parts[1] + "/" + NameAt(file.parts, 2));
  }
  for (const std::string& variant : variants) {
    for (const std::string& name : names) list.names.insert(fmt::format("{}/{}", variant, name));
  }
  return list;
}

PublicList Dfdc(Tree* tree) {
  PublicList list;
  std::set<std::string> folders;
  for (const Tree::File& file : tree->others()) {
    if (file.parts.back() != "metadata.json") continue;
    const auto json = nlohmann::json::parse(ReadFile(file.path, kMaxListBytes), nullptr, false);
    if (!json.is_object()) continue;
    list.file = "metadata.json";
    const std::string folder = Joined({file.parts.begin(), file.parts.end() - 1});
    folders.insert(folder);
    for (const auto& [name, said] : json.items())
      list.names.insert((folder.empty() ? "" : folder + "/") + fs::path(name).stem().string());
  }
  for (const Tree::File& file : tree->media()) {
    const std::string folder = Joined({file.parts.begin(), file.parts.end() - 1});
    if (folders.count(folder) > 0)
      list.there.insert((folder.empty() ? "" : folder + "/") + fs::path(file.parts.back()).stem().string());
  }
  return list;
}

}  // namespace

PublicList ReadPublicList(const DatasetLayout& layout, const fs::path& root) {
  Tree tree(root, {});
  if (layout.name == "faceforensics++") return FaceForensics(&tree);
  if (layout.name == "celeb-df-v1" || layout.name == "celeb-df-v2")
    return CelebDf(&tree, layout.name.ends_with("2"));
  if (layout.name == "deeperforensics-1.0") return DeeperForensics(&tree);
  if (layout.name == "dfdc") return Dfdc(&tree);
  return {};
}

}  // namespace seam
