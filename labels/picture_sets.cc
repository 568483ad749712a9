#include "labels/picture_sets.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "labels/folder_layout.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCeleba = "img_align_celeba";
constexpr const char* kPartition = "list_eval_partition.txt";
constexpr std::array<std::string_view, 2> kDffdReals = {kCeleba, "ffhq"};
constexpr std::array<std::string_view, 6> kDffdFakes = {"pggan_v1",      "pggan_v2", "stylegan_celeba",
                                                        "stylegan_ffhq", "faceapp",  "stargan"};

bool HasFolder(const fs::path& root, std::string_view name) {
  std::error_code ignored;
  return fs::is_directory(root / name, ignored);
}

template <std::size_t kCount>
std::string FirstFolder(const fs::path& root, const std::array<std::string_view, kCount>& names) {
  for (const std::string_view name : names) {
    if (HasFolder(root, name)) return std::string(name);
  }
  return "";
}

template <std::size_t kCount>
bool IsAmong(const std::string& name, const std::array<std::string_view, kCount>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string Stem(const std::string& name) { return fs::path(name).stem().string(); }

// The path without its ending: in one folder two pictures of one name are one.
std::string OwnKey(const std::vector<std::string>& parts) {
  std::string key;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) key += parts[i] + "/";
  return key + Stem(parts.back());
}

// "000001.jpg 0": the splits of CelebA's pictures by name.
std::map<std::string, std::string> ReadPartition(Tree* tree) {
  std::map<std::string, std::string> splits;
  for (Tree::File& file : tree->others()) {
    if (file.parts.back() != kPartition) continue;
    file.taken = true;
    for (const auto& [number, line] : ReadLines(file.path)) {
      const auto space = line.find_last_of(" \t,");
      const std::string split = space == std::string::npos ? "" : line.substr(space + 1);
      if (split != "0" && split != "1" && split != "2") {
        if (number == 1) continue;  // a heading
        throw Error(file.path.string(), fmt::format("line {}: '{}' ends with no split", number, line),
                    "lines are like 000001.jpg 0, and 0, 1, 2 are train, val, test");
      }
      const std::string name = line.substr(0, line.find_first_of(" \t,"));
      splits[name] = split == "0" ? "train" : split == "1" ? "val" : "test";
    }
  }
  return splits;
}

Listing ListDffd(const LayoutOptions& options, const fs::path& root) {
  Listing listing;
  Tree tree(root, options.by_content);
  const auto partition = ReadPartition(&tree);
  std::size_t unlisted = 0;
  for (Tree::File& file : tree.media()) {
    if (file.parts.size() < 2) continue;
    const std::string set = file.parts[0];
    const bool fake = IsAmong(set, kDffdFakes);
    if (!fake && !IsAmong(set, kDffdReals)) continue;
    Video video = Tree::Take(&file, fake ? FAKE : REAL);
    if (fake) video.method = set;
    video.keys = {OwnKey(file.parts)};
    if (file.parts.size() > 2) video.split = SplitOfFolder(file.parts[1]);
    if (set == kCeleba && video.split.empty()) {
      const auto found = partition.find(file.parts.back());
      if (found != partition.end()) video.split = found->second;
      unlisted += found == partition.end() ? 1 : 0;
    }
    listing.videos.push_back(std::move(video));
  }
  if (unlisted > 0 && !partition.empty()) {
    listing.warnings.push_back(
        fmt::format("{} pictures of {} are not in {}; their split is drawn", unlisted, kCeleba, kPartition));
  }
  tree.TellLeftOut("the folders of DFFD", &listing);
  return listing;
}

bool FitsDffd(const fs::path& root) {
  return !FirstFolder(root, kDffdReals).empty() && !FirstFolder(root, kDffdFakes).empty();
}

std::string SignOfDffd(const fs::path& root) {
  if (!FitsDffd(root)) return "";
  return fmt::format("has {} beside {}", FirstFolder(root, kDffdFakes), FirstFolder(root, kDffdReals));
}

// The split that a folder of COCO 2014 stands for: val2014 is what results are told of.
std::string CocoSplit(const std::string& folder) {
  return folder == "train2014" ? "train" : folder == "val2014" ? "test" : "";
}

Listing ListCocoFake(const LayoutOptions& options, const fs::path& root) {
  if (options.reals.empty()) {
    throw UsageError("--reals", "is missing: coco-fake has no real pictures of its own",
                     "name the folder of COCO 2014 that holds train2014/ and val2014/");
  }
  Listing listing;
  listing.open_splits = {"train", "val"};
  Tree tree(root, options.by_content);
  std::map<std::string, std::size_t> wanted;  // folder/NAME -> fakes of it
  const auto add = [&](Video video, const std::string& folder, const std::string& name) {
    video.keys = {name};
    video.footage = name;
    // Of what COCO trains on Seam keeps a part for validation.
    if (CocoSplit(folder) == "test") video.split = "test";
    listing.videos.push_back(std::move(video));
  };
  for (Tree::File& file : tree.media()) {
    if (file.parts.size() != 3 || CocoSplit(file.parts[0]).empty()) continue;
    Video video = Tree::Take(&file, FAKE);
    ++wanted[file.parts[0] + "/" + file.parts[1]];
    add(std::move(video), file.parts[0], file.parts[1]);
  }
  tree.TellLeftOut("train2014/NAME/ and val2014/NAME/", &listing);
  Tree reals(options.reals, options.by_content);
  std::size_t without_fakes = 0;
  for (Tree::File& file : reals.media()) {
    if (file.parts.size() != 2 || CocoSplit(file.parts[0]).empty()) continue;
    Video video = Tree::Take(&file, REAL);
    const std::string name = Stem(file.parts[1]);
    if (wanted.erase(file.parts[0] + "/" + name) == 0) {
      ++without_fakes;
      continue;
    }
    video.id = "reals/" + video.id;
    add(std::move(video), file.parts[0], name);
  }
  if (without_fakes > 0)
    listing.notes.push_back(
        fmt::format("{} pictures of COCO are left out: they have no fakes", without_fakes));
  if (!wanted.empty()) {
    listing.warnings.push_back(fmt::format("the reals of {} groups of fakes are not in {}; the first is {}",
                                           wanted.size(), options.reals, wanted.begin()->first));
  }
  return listing;
}

bool FitsCocoFake(const fs::path& root) { return HasFolder(root, "train2014") || HasFolder(root, "val2014"); }

// COCO itself has pictures there, COCOFake folders of COCO's names.
std::string SignOfCocoFake(const fs::path& root) {
  for (const char* split : {"train2014", "val2014"}) {
    std::error_code code;
    for (fs::directory_iterator entry(root / split, code), end; !code && entry != end;
         entry.increment(code)) {
      std::error_code ignored;
      const std::string name = entry->path().filename().string();
      if (entry->is_directory(ignored) && name.starts_with("COCO_"))
        return fmt::format("has {}/{}/", split, name);
    }
  }
  return "";
}

Listing ListCifake(const LayoutOptions& options, const fs::path& root) {
  Listing listing;
  listing.open_splits = {"train", "val"};
  Tree tree(root, options.by_content);
  for (Tree::File& file : tree.media()) {
    if (file.parts.size() != 3) continue;
    const std::string split = SplitOfFolder(file.parts[0]);
    Label label = REAL;
    if (split.empty() || !LabelOfFolder(file.parts[1], &label)) continue;
    Video video = Tree::Take(&file, label);
    // The numbers of reals and of fakes have nothing in common.
    video.keys = {OwnKey(file.parts)};
    // Of the training set a part is kept for validation.
    if (split == "test") video.split = split;
    listing.videos.push_back(std::move(video));
  }
  tree.TellLeftOut("train/REAL, train/FAKE, test/REAL and test/FAKE", &listing);
  return listing;
}

bool FitsCifake(const fs::path& root) {
  return HasFolder(root, "train/REAL") && HasFolder(root, "train/FAKE") && HasFolder(root, "test/REAL") &&
         HasFolder(root, "test/FAKE");
}

// Of the first file that is found: CIFAKE's are called `0000.jpg` or `0000 (10).jpg`.
std::string SignOfCifake(const fs::path& root) {
  if (!FitsCifake(root)) return "";
  std::error_code code;
  const fs::directory_iterator entry(root / "train/FAKE", code);
  if (code || entry == fs::directory_iterator()) return "";
  const std::string stem = entry->path().stem().string();
  const auto digits = std::min(stem.find(' '), stem.size());
  const bool named = digits == 4 && std::all_of(stem.begin(), stem.begin() + 4,
                                                [](unsigned char c) { return c >= '0' && c <= '9'; });
  return named ? "has train/REAL, train/FAKE, test/REAL and test/FAKE with pictures called NNNN" : "";
}

// Whether the folder is called 0-NAME or 1-NAME.
bool IsChallengeFolder(const std::string& name) {
  return name.size() > 2 && (name[0] == '0' || name[0] == '1') && name[1] == '-';
}

Listing ListChallenge(const LayoutOptions& options, const fs::path& root) {
  Listing listing;
  Tree tree(root, options.by_content);
  for (Tree::File& file : tree.media()) {
    const std::string& folder = file.parts[0];
    if (file.parts.size() < 2 || !IsChallengeFolder(folder)) continue;
    const bool fake = folder[0] == '1';
    Video video = Tree::Take(&file, fake ? FAKE : REAL);
    if (fake) video.method = folder.substr(2);
    // Numbers start anew in each folder.
    video.keys = {OwnKey(file.parts)};
    listing.videos.push_back(std::move(video));
  }
  tree.TellLeftOut("folders called 0-NAME and 1-NAME", &listing);
  return listing;
}

// A folder of each class.
std::string SignOfChallenge(const fs::path& root) {
  std::string real, fake;
  std::error_code code;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().string();
    if (!IsChallengeFolder(name) || !entry->is_directory(ignored)) continue;
    std::string& first = name[0] == '0' ? real : fake;
    if (first.empty() || name < first) first = name;
  }
  return real.empty() || fake.empty() ? "" : fmt::format("has {}/ and {}/", real, fake);
}

Listing ListNamed(const LayoutOptions& options, const fs::path& root) {
  if (options.label_prefix.empty()) {
    throw UsageError("--label-prefix", "is missing",
                     "--label-prefix F: names that begin with F are of fakes");
  }
  Listing listing;
  Tree tree(root, options.by_content);
  for (Tree::File& file : tree.media()) {
    const bool fake = file.parts.back().starts_with(options.label_prefix);
    Video video = Tree::Take(&file, fake ? FAKE : REAL);
    video.keys = {OwnKey(file.parts)};
    if (file.parts.size() > 1) video.split = SplitOfFolder(file.parts[0]);
    listing.videos.push_back(std::move(video));
  }
  tree.TellLeftOut("all folders", &listing);
  return listing;
}

}  // namespace

DatasetLayout DffdLayout() {
  return {"dffd",
          "img_align_celeba/ with list_eval_partition.txt, ffhq/, pggan_v1/, pggan_v2/, stylegan_celeba/, "
          "stylegan_ffhq/, faceapp/, stargan/",
          {},
          FitsDffd,
          SignOfDffd,
          ListDffd};
}

DatasetLayout CocoFakeLayout() {
  return {"coco-fake", "train2014/NAME/*.jpg and val2014/NAME/*.jpg", {"reals"}, FitsCocoFake, SignOfCocoFake,
          ListCocoFake};
}

DatasetLayout CifakeLayout() {
  return {"cifake",  "train/REAL, train/FAKE, test/REAL and test/FAKE", {}, FitsCifake, SignOfCifake,
          ListCifake};
}

DatasetLayout ChallengeLayout() {
  return {"challenge",
          "folders of reals called 0-NAME, and of fakes called 1-NAME",
          {},
          [](const fs::path& root) { return !SignOfChallenge(root).empty(); },
          SignOfChallenge,
          ListChallenge};
}

DatasetLayout NamedLayout() {
  return {"named",
          "pictures, the fakes among them named by --label-prefix",
          {"label-prefix"},
          [](const fs::path&) { return true; },
          [](const fs::path&) { return std::string(); },
          ListNamed};
}

}  // namespace seam
