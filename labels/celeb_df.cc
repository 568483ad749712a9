#include "labels/celeb_df.h"

#include <algorithm>
#include <regex>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr char kTestList[] = "List_of_testing_videos.txt";
constexpr char kCelebReal[] = "Celeb-real", kYouTubeReal[] = "YouTube-real", kFake[] = "Celeb-synthesis";

// `line` of the test list into the name `<folder>/<file>` and whether it is real.
std::pair<std::string, bool> ParseTestLine(const fs::path& path, std::size_t number,
                                           const std::string& line) {
  static const std::regex pattern("([01])\\s+([^/]+)/(.+)");
  std::smatch match;
  if (!std::regex_match(line, match, pattern)) {
    throw Error(path.string(), fmt::format("line {}: is not '<label> <folder>/<file>'", number),
                "take the dataset's own list, unchanged");
  }
  const bool real = match[1] == "1";
  if (real == (match[2] == kFake)) {
    throw Error(path.string(),
                fmt::format("line {}: {} is marked as {}", number, match[2].str() + "/" + match[3].str(),
                            real ? "real" : "fake"),
                "in this list 1 is real and 0 is fake; take the dataset's own, unchanged");
  }
  return {match[2].str() + "/" + match[3].str(), real};
}

OfficialList ReadTestList(const fs::path& path) {
  OfficialList list;
  for (const auto& [number, line] : ReadLines(path))
    list.Add(path, ParseTestLine(path, number, line).first, "test");
  return list;
}

void FillByName(const std::string& folder, const std::string& name, Video* video) {
  static const std::regex real("(id[0-9]+)_([0-9]+)"), fake("(id[0-9]+)_(id[0-9]+)_([0-9]+)");
  std::smatch match;
  if (video->label == FAKE) video->method = kFake;
  if (folder == kCelebReal && std::regex_match(name, match, real)) {
    video->people = {match[1]};
    video->footage = name;
  } else if (folder == kFake && std::regex_match(name, match, fake)) {
    video->people = {match[1], match[2]};
    video->footage = fmt::format("{}_{}", match[1].str(), match[3].str());
  }
  video->keys = {video->footage.empty() ? folder + "/" + name : video->footage};
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  Listing listing;
  Tree tree(root, options.by_content);
  OfficialList tests;
  for (Tree::File& file : tree.others()) {
    if (file.parts != std::vector<std::string>{kTestList}) continue;
    tests = ReadTestList(file.path);
    file.taken = true;
  }
  for (Tree::File& file : tree.media()) {
    const std::string& folder = file.parts[0];
    if (file.parts.size() < 2 || (folder != kCelebReal && folder != kYouTubeReal && folder != kFake))
      continue;
    Video video = Tree::Take(&file, folder == kFake ? FAKE : REAL);
    const std::string name = NameAt(file.parts, 1);
    FillByName(folder, name, &video);
    video.split = tests.Find(fmt::format("{}/{}.mp4", folder, name));
    listing.videos.push_back(std::move(video));
  }
  const std::string list = (root / kTestList).string();
  if (tests.empty()) {
    listing.warnings.push_back(list +
                               ": missing or empty, so the split is Seam's own and not the published one");
  } else {
    listing.open_splits = {"train", "val"};
    tests.TellAbsent(list, 0, &listing);
  }
  tree.TellLeftOut(fmt::format("{}, {} and {}", kCelebReal, kYouTubeReal, kFake), &listing);
  NoteEmptyClass(root, kFake, FAKE, &listing);
  NoteEmptyClass(root, kCelebReal, REAL, &listing);
  return listing;
}

bool Fits(const fs::path& root) {
  std::error_code ignored;
  return fs::is_directory(root / kFake, ignored) || fs::is_directory(root / kCelebReal, ignored);
}

// Version 2 has a test list of 518, and people from id17 on; version 1 has a list of 100, and stops before.
struct Version {
  int number = 1;
  std::string sign;
};

Version FindVersion(const fs::path& root) {
  constexpr std::size_t kTestsOfVersion1 = 100;
  constexpr int kPeopleOfVersion1 = 17;
  static const std::regex person("(id([0-9]{1,6}))_.*");
  std::error_code code;
  const bool has_list = fs::exists(root / kTestList, code);
  const std::size_t lines = has_list ? ReadLines(root / kTestList).size() : 0;
  const std::string list = fmt::format("has a {} of {}", kTestList, Counted(lines, "line"));
  if (lines > kTestsOfVersion1) return {2, list};
  for (const char* folder : {kCelebReal, kFake}) {
    for (const char* kind : {"", "videos", "frames"}) {
      for (fs::directory_iterator entry(root / folder / kind, code), end; !code && entry != end;
           entry.increment(code)) {
        std::smatch match;
        const std::string name = entry->path().filename().string();
        if (std::regex_match(name, match, person) && std::stoi(match[2]) >= kPeopleOfVersion1)
          return {2, fmt::format("has {}/ with {}", folder, match[1].str())};
      }
    }
  }
  if (has_list) return {1, list};
  return {1, fmt::format("has {}/ or {}/ with nobody from id{} on", kCelebReal, kFake, kPeopleOfVersion1)};
}

std::string FindSign(const fs::path& root, int number) {
  if (!Fits(root)) return "";
  const Version version = FindVersion(root);
  return version.number == number ? version.sign : "";
}

std::string SignOfVersion1(const fs::path& root) { return FindSign(root, 1); }
std::string SignOfVersion2(const fs::path& root) { return FindSign(root, 2); }

}  // namespace

DatasetLayout CelebDfLayout(int version) {
  return {fmt::format("celeb-df-v{}", version),
          "Celeb-real/, YouTube-real/, Celeb-synthesis/ and List_of_testing_videos.txt",
          {},
          Fits,
          version == 2 ? SignOfVersion2 : SignOfVersion1,
          List};
}

}  // namespace seam
