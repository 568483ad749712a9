#include "labels/deeperforensics.h"

#include <algorithm>
#include <map>
#include <regex>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "labels/split.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr char kFakes[] = "manipulated_videos";
constexpr char kOnlyC23[] = "the reals are FaceForensics++'s YouTube originals at c23; download these";

std::vector<std::string> Variants() {
  std::vector<std::string> variants = {"end_to_end", "reenact_postprocess"};
  for (int level = 1; level <= 5; ++level) variants.push_back(fmt::format("end_to_end_level_{}", level));
  variants.emplace_back("end_to_end_random_level");
  for (int mixed = 2; mixed <= 4; ++mixed)
    variants.push_back(fmt::format("end_to_end_mix_{}_distortions", mixed));
  return variants;
}

// Target and actor of a fake's name; empty for another name.
std::vector<std::string> TargetAndActor(const std::string& name) {
  static const std::regex pattern("([0-9]{3})_(.+)");
  std::smatch match;
  if (!std::regex_match(name, match, pattern)) return {};
  return {match[1], match[2]};
}

// Splits by the name of a fake, and by the target of its real.
struct Lists {
  OfficialList fakes;
  std::map<std::string, std::string> of_target;
};

Lists ReadLists(const fs::path& root, std::vector<Tree::File>* others) {
  Lists lists;
  std::size_t read = 0;
  for (Tree::File& file : *others) {
    if (file.parts.front() == "lists") file.taken = true;
    if (file.parts.size() != 3 || file.parts[0] != "lists" || file.parts[1] != "splits") continue;
    const std::string split = fs::path(file.parts[2]).stem().string();
    if (std::find(kSplits.begin(), kSplits.end(), split) == kSplits.end()) continue;
    for (const auto& [number, line] : ReadLines(file.path)) {
      const std::string name = fs::path(line).stem().string();
      const auto parts = TargetAndActor(name);
      if (parts.empty()) {
        throw Error(file.path.string(), fmt::format("line {}: '{}' names no manipulated video", number, line),
                    "take the official list, with lines such as 000_M101.mp4");
      }
      lists.fakes.Add(file.path, name, split);
      lists.of_target.emplace(parts[0], split);
    }
    ++read;
  }
  if (read > 0 && read < kSplits.size()) {
    throw Error((root / "lists/splits").string(), "lacks a list",
                "add the official train.txt, val.txt and test.txt, all three, or remove them");
  }
  return lists;
}

// The folder of the originals: `reals` itself, or the folder inside a tree of FaceForensics++.
fs::path RealsFolder(const fs::path& reals) {
  std::error_code ignored;
  for (const char* compression : {"c23", "hq"}) {
    const fs::path inside = reals / "original_sequences/youtube" / compression / "videos";
    if (fs::is_directory(inside, ignored)) return inside;
  }
  if (fs::is_directory(reals / "original_sequences", ignored)) {
    throw Error(reals.string(), "has no original_sequences/youtube/c23/videos/", kOnlyC23);
  }
  for (const fs::path& part : fs::weakly_canonical(reals, ignored)) {
    if (part == "c40" || part == "lq" || part == "raw" || part == "c0")
      throw Error(reals.string(), fmt::format("is at the compression {}", part.string()), kOnlyC23);
  }
  return reals;
}

void AddReals(const fs::path& reals, const MediaTest& by_content, Lists* lists, Listing* listing) {
  static const std::regex original("[0-9]{3}");
  const fs::path folder = RealsFolder(reals);
  Tree tree(folder, by_content);
  for (Tree::File& file : tree.media()) {
    const std::string target = NameAt(file.parts, 0);
    if (!std::regex_match(target, original)) continue;
    Video video = Tree::Take(&file, REAL);
    video.id = "reals/" + video.id;
    video.keys = {target};
    video.footage = target;
    if (const auto split = lists->of_target.find(target); split != lists->of_target.end())
      video.split = split->second;
    listing->videos.push_back(std::move(video));
  }
  if (std::none_of(listing->videos.begin(), listing->videos.end(),
                   [](const Video& video) { return video.label == REAL; })) {
    throw Error(folder.string(), "holds no original of FaceForensics++",
                fmt::format("expected 000.mp4 to 999.mp4; found: {}", Shown(folder)));
  }
  tree.TellLeftOut("the names of originals", listing);
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  if (options.reals.empty()) {
    throw UsageError("--reals", "is missing: deeperforensics-1.0 has no real videos of its own",
                     "name the folder of FaceForensics++, whose YouTube originals at c23 are the reals; "
                     "source_videos/ are not");
  }
  const auto variants = ChooseAmong("--variants", SplitList(options.variants), Variants());
  Listing listing;
  Tree tree(root, options.by_content);
  Lists lists = ReadLists(root, &tree.others());
  std::size_t unwanted = 0, sources = 0, unlisted = 0;
  for (Tree::File& file : tree.media()) {
    if (file.parts[0] == "source_videos") {
      file.taken = true;
      ++sources;
    }
    if (file.parts.size() < 3 || file.parts[0] != kFakes) continue;
    const std::string name = NameAt(file.parts, 2);
    const auto parts = TargetAndActor(name);
    if (parts.empty()) continue;
    file.taken = true;
    if (!options.variants.empty() && variants.count(file.parts[1]) == 0) {
      ++unwanted;
      continue;
    }
    Video video = Tree::Take(&file, FAKE);
    video.method = file.parts[1];
    video.split = lists.fakes.Find(name);
    video.footage = parts[0];
    video.keys = {parts[0]};
    (lists.fakes.empty() ? video.keys : video.people).push_back("actor " + parts[1]);
    unlisted += video.split.empty() ? 1 : 0;
    listing.videos.push_back(std::move(video));
  }
  if (listing.videos.empty() && unwanted > 0) {
    throw Error(root.string(),
                fmt::format("--variants leaves no video: {} of others", Counted(unwanted, "file")),
                "without it all that is there is taken");
  }
  if (listing.videos.empty()) throw WrongTree(DeeperForensicsLayout(), root, "no manipulated videos");
  AddReals(options.reals, options.by_content, &lists, &listing);
  const std::string splits = (root / "lists/splits").string();
  if (lists.fakes.empty()) {
    listing.warnings.push_back(splits +
                               ": the official lists are missing, so the split is Seam's own and not the "
                               "published one");
  }
  lists.fakes.TellAbsent(splits, unlisted, &listing);
  if (sources > 0)
    listing.notes.push_back(
        fmt::format("source_videos/ are no reals: {} passed over", Counted(sources, "file")));
  if (unwanted > 0)
    listing.notes.push_back(fmt::format("{} left out by --variants", Counted(unwanted, "file")));
  tree.TellLeftOut("manipulated_videos/VARIANT/", &listing);
  return listing;
}

std::string Sign(const fs::path& root) {
  std::error_code ignored;
  return fs::is_directory(root / kFakes, ignored) ? fmt::format("has {}/", kFakes) : "";
}

}  // namespace

DatasetLayout DeeperForensicsLayout() {
  return {"deeperforensics-1.0",
          "manipulated_videos/VARIANT/TARGET_ACTOR.mp4 and lists/splits/{train,val,test}.txt",
          {"variants", "reals"},
          [](const fs::path& root) { return !Sign(root).empty(); },
          Sign,
          List};
}

}  // namespace seam
