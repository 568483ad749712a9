#include "labels/faceforensics.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/lower_case.h"
#include "labels/folder_layout.h"
#include "labels/split.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr char kDfd[] = "DeepFakeDetection";
constexpr char kOriginals[] = "original_sequences", kFakes[] = "manipulated_sequences";
constexpr std::uint64_t kMaxListBytes = std::uint64_t{16} << 20;

const std::vector<std::string>& Methods() {
  static const std::vector<std::string> methods = {"Deepfakes",   "Face2Face",      "FaceSwap",
                                                   "FaceShifter", "NeuralTextures", kDfd};
  return methods;
}

// "raw", "c23", "c40" for the name of a folder; empty for another name.
std::string ReadCompression(const std::string& folder) {
  static const std::map<std::string, std::string> names = {{"raw", "raw"}, {"c0", "raw"},  {"c23", "c23"},
                                                           {"hq", "c23"},  {"c40", "c40"}, {"lq", "c40"}};
  const auto found = names.find(LowerCase(folder));
  return found == names.end() ? "" : found->second;
}

// The other names of a compression are as good on the command line.
std::vector<std::string> Compressions(const std::string& text) {
  std::vector<std::string> words = SplitList(text);
  for (std::string& word : words) {
    if (const std::string name = ReadCompression(word); !name.empty()) word = name;
  }
  return words;
}

// The official split of each id, from splits/*.json where all three are there.
class PairLists {
 public:
  PairLists(const fs::path& root, std::vector<Tree::File>* others) {
    std::vector<std::string> missing;
    for (const auto& split : kSplits) {
      const auto file = std::find_if(others->begin(), others->end(), [&](const Tree::File& other) {
        return other.parts == std::vector<std::string>{"splits", split + ".json"};
      });
      if (file == others->end()) {
        missing.push_back(split + ".json");
        continue;
      }
      file->taken = true;
      Read(file->path, split);
    }
    if (missing.empty() || list_.empty()) return;
    throw Error((root / "splits").string(), fmt::format("lacks {}", fmt::join(missing, " and ")),
                "add the official lists of pairs, all three, or remove splits/");
  }

  bool empty() const { return list_.empty(); }
  OfficialList& list() { return list_; }

  // Of an original or a fake; both ids of a pair are in one split. The target's where they are not, which the
  // leak check will tell.
  std::string Find(const std::vector<std::string>& ids) {
    std::string split;
    for (const auto& id : ids) {
      const std::string found = list_.Find(id);
      if (split.empty()) split = found;
    }
    return split;
  }

 private:
  void Read(const fs::path& path, const std::string& split) {
    const auto json = nlohmann::json::parse(ReadFile(path, kMaxListBytes), nullptr, false);
    const auto is_pair = [](const nlohmann::json& pair) {
      return pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string();
    };
    if (!json.is_array() || !std::all_of(json.begin(), json.end(), is_pair)) {
      throw Error(path.string(), "is no JSON list of pairs of ids",
                  R"(expected [["071", "054"], ...]; take the official file)");
    }
    for (const auto& pair : json) {
      for (const auto& id : pair) list_.Add(path, id.get<std::string>(), split);
    }
  }

  OfficialList list_;
};

// Where in the tree a file stands; `method` is empty for what is no part of the dataset.
struct Place {
  std::string method;       // that it is of, or is an original for: DFD, or "" for all others' originals
  std::string compression;  // empty: not told
  std::string split;        // of a flat tree that is divided
  std::size_t name = 0;     // where the video's name is among the parts
  Label label = REAL;
  bool known = false, mask = false, actors = false;
};

// The letters and digits of a name in lower case: "neuraltextures" for Neural_Textures.
std::string Plain(const std::string& name) {
  std::string plain;
  for (const char c : LowerCase(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

// The method that a folder of a flat tree is of, or "".
std::string ReadMethod(const std::string& folder) {
  static const std::map<std::string, std::string> names = {{"df", "Deepfakes"},
                                                           {"f2f", "Face2Face"},
                                                           {"fs", "FaceSwap"},
                                                           {"fsh", "FaceShifter"},
                                                           {"nt", "NeuralTextures"},
                                                           {"dfd", kDfd},
                                                           {"dfdmanipulatedsequences", kDfd}};
  const std::string plain = Plain(folder);
  for (const auto& method : Methods()) {
    if (Plain(method) == plain) return method;
  }
  const auto found = names.find(plain);
  return found == names.end() ? "" : found->second;
}

bool HoldsOriginals(const std::string& folder) {
  Label label = FAKE;
  const std::string plain = Plain(folder);
  return plain == "youtube" || plain == "actors" || plain == "dfdoriginalsequences" ||
         (LabelOfFolder(folder, &label) && label == REAL);
}

bool IsOfficial(const fs::path& root) {
  std::error_code ignored;
  return fs::is_directory(root / kFakes, ignored) || fs::is_directory(root / kOriginals, ignored);
}

// "c23" for FaceForensics++_C23 and the like; "" where the name does not tell.
std::string CompressionInName(const fs::path& root) {
  static const std::regex pattern(".*(^|[^a-z0-9])(raw|c0|c23|c40|hq|lq)([^a-z0-9].*)?", std::regex::icase);
  std::error_code ignored;
  const std::string name = fs::weakly_canonical(root, ignored).filename().string();
  std::smatch match;
  return std::regex_match(name, match, pattern) ? ReadCompression(match[2].str()) : "";
}

bool IsOfActors(const std::vector<std::string>& parts, const Place& place) {
  static const std::regex of_actors("[0-9]+__.+");
  return place.method == kDfd || std::regex_match(NameAt(parts, place.name), of_actors);
}

// Passes over [COMPRESSION/][videos/] from `at` on, to the video's name.
void FindName(const std::vector<std::string>& parts, std::size_t at, Place* place) {
  for (; at + 1 < parts.size(); ++at) {
    const std::string found = ReadCompression(parts[at]);
    place->mask = place->mask || LowerCase(parts[at]) == "masks";
    if (!found.empty()) place->compression = found;
    // Some copies hold a folder once more: DFD_manipulated_sequences/DFD_manipulated_sequences/.
    const bool again = at > 0 && parts[at] == parts[at - 1];
    if (found.empty() && !again && !IsKindFolder(parts[at]) && LowerCase(parts[at]) != "masks") break;
  }
  place->name = at;
}

// original_sequences/{youtube,actors}/COMPRESSION/videos/NAME and manipulated_sequences/METHOD/...; copies
// leave out what stands between, or call one of the two otherwise.
Place OfficialPlace(const std::vector<std::string>& parts, const std::string& compression) {
  Place place;
  place.compression = compression;
  Label label = REAL;
  std::size_t at = 1;
  if (parts.size() < 2) return place;
  if (parts[0] == kOriginals || HoldsOriginals(parts[0])) {
    place.actors = parts[1] == "actors";
    if (parts.size() > 2 && (place.actors || parts[1] == "youtube")) at = 2;
    place.known = true;
  } else if (parts[0] == kFakes || (LabelOfFolder(parts[0], &label) && label == FAKE)) {
    place.label = FAKE;
    place.method = parts.size() > 2 ? ReadMethod(parts[1]) : "";
    place.known = !place.method.empty();
    at = 2;
  }
  if (!place.known) return place;
  FindName(parts, at, &place);
  // Of a video, or of the pictures of one.
  const std::size_t below = parts.size() - place.name - 1;
  place.known = place.mask || below == 0 || (below == 1 && IsPictureFile(parts.back()));
  place.actors = place.actors || IsOfActors(parts, place);
  return place;
}

// [SPLIT/]METHOD/[COMPRESSION/][videos/]NAME, and an original's folder in the place of METHOD.
Place FlatPlace(const std::vector<std::string>& parts, const std::string& compression) {
  Place place;
  place.compression = compression;
  std::size_t at = 0;
  if (parts.size() > 2) place.split = SplitOfFolder(parts[0]);
  if (!place.split.empty()) at = 1;
  if (parts.size() < at + 2) return place;
  place.method = ReadMethod(parts[at]);
  place.label = place.method.empty() ? REAL : FAKE;
  place.known = !place.method.empty() || HoldsOriginals(parts[at]);
  FindName(parts, at + 1, &place);
  place.actors = IsOfActors(parts, place);
  return place;
}

// Fills in what the name says of an original or a fake of the YouTube videos: ids, target first.
std::vector<std::string> YouTubeIds(const std::string& name, Label label) {
  static const std::regex original("([0-9]{3})"), fake("([0-9]{3})_([0-9]{3})");
  std::smatch match;
  if (!std::regex_match(name, match, label == FAKE ? fake : original)) return {};
  return {match.begin() + 1, match.end()};
}

// The same for DFD: people, and footage.
bool ReadActors(const std::string& name, Video* video) {
  static const std::regex original("([0-9]+)__(.+)"), fake("([0-9]+)_([0-9]+)__(.+)__[0-9A-Za-z]{8}");
  std::smatch match;
  if (!std::regex_match(name, match, video->label == FAKE ? fake : original)) return false;
  for (std::size_t i = 1; i + 1 < match.size(); ++i) video->people.push_back("actor " + match[i].str());
  video->footage = fmt::format("{}__{}", match[1].str(), match[match.size() - 1].str());
  return true;
}

// Note [Actors of DFD]
//
// The 28 actors are swapped with one another until everybody hangs together with everybody, and one group
// cannot be divided. Where the videos that are there fall into groups of people, none of which has more than
// half of them, these are the groups. Otherwise the footage is: an actor's scene, with all its fakes; then
// actors cross splits, and that is reported.
void GroupActors(std::vector<Video*> videos, Listing* listing) {
  std::vector<Video> by_people;
  for (const Video* video : videos) {
    by_people.push_back(*video);
    by_people.back().keys = video->people;
  }
  AssignGroups(&by_people);
  std::map<std::string, std::size_t> sizes;
  std::size_t largest = 0;
  for (const Video& video : by_people) largest = std::max(largest, ++sizes[video.group]);
  const bool people = 2 * largest <= videos.size();
  for (Video* video : videos) {
    if (people) {
      video->keys = std::exchange(video->people, {});
    } else {
      video->keys = {video->footage.substr(video->footage.find('/') + 1)};
    }
  }
  if (videos.empty()) return;
  listing->notes.push_back(
      fmt::format("{}: {} in groups by {}", kDfd, Counted(videos.size(), "video"),
                  people ? "actors" : "actor and scene, for its actors all hang together"));
}

class Reader {
 public:
  Reader(const LayoutOptions& options, const fs::path& root)
      : root_(root),
        tree_(root, options.by_content),
        lists_(root, &tree_.others()),
        compressions_(ChooseAmong("--compression", Compressions(options.compression), {"raw", "c23", "c40"})),
        methods_(ChooseAmong("--methods", SplitList(options.methods), Methods())) {}

  Listing Read() {
    for (Tree::File& file : tree_.media()) {
      const Place place =
          official_ ? OfficialPlace(file.parts, compression_) : FlatPlace(file.parts, compression_);
      if (!place.known) continue;
      file.taken = true;
      if (place.mask)
        ++masks_;
      else if (!Wanted(place))
        ++unwanted_;
      else
        Add(place, &file);
    }
    std::vector<Video*> actors;
    for (Video& video : listing_.videos) {
      if (!video.people.empty()) actors.push_back(&video);
    }
    if (listing_.videos.empty() && unwanted_ > 0) {
      throw Error(
          root_.string(),
          fmt::format("--compression and --methods leave no video: {} of others", Counted(unwanted_, "file")),
          "without them all that is there is taken");
    }
    GroupActors(actors, &listing_);
    Tell();
    return std::move(listing_);
  }

 private:
  bool Wanted(const Place& place) const {
    if (!place.compression.empty() && compressions_.count(place.compression) == 0) return false;
    if (place.label == FAKE) return methods_.count(place.method) > 0;
    return place.actors ? methods_.count(kDfd) > 0 : methods_.size() > methods_.count(kDfd);
  }

  void Add(const Place& place, Tree::File* file) {
    Video video = Tree::Take(file, place.label);
    const std::string name = NameAt(file->parts, place.name);
    video.method = place.method;
    if (place.actors) {
      if (!ReadActors(name, &video)) Misnamed(name, &video);
    } else {
      video.keys = YouTubeIds(name, place.label);
      if (video.keys.empty()) {
        Misnamed(name, &video);
      } else {
        video.footage = video.keys.front();
        video.split = lists_.Find(video.keys);
        unlisted_ += video.split.empty() ? 1 : 0;
      }
      if (place.split.empty()) ++from_youtube_;
    }
    if (!place.split.empty()) video.split = place.split;
    if (!video.footage.empty()) video.footage = place.compression + "/" + video.footage;
    listing_.videos.push_back(std::move(video));
  }

  void Misnamed(const std::string& name, Video* video) {
    video->keys = {name};
    if (misnamed_++ == 0) misnamed_example_ = video->id;
  }

  void Tell() {
    const std::string splits = (root_ / "splits").string();
    if (!lists_.empty() && from_youtube_ > 0) lists_.list().TellAbsent(splits, unlisted_, &listing_);
    if (lists_.empty() && from_youtube_ > 0) {
      listing_.warnings.push_back(
          splits +
          ": train.json, val.json and test.json are missing, so the split is Seam's own and not the "
          "published one");
    }
    if (misnamed_ > 0) {
      listing_.warnings.push_back(
          fmt::format("{}: {} named otherwise than the dataset's, such as {}; each "
                      "name is a group of its own",
                      root_.string(), Counted(misnamed_, "video"), misnamed_example_));
    }
    if (masks_ > 0) listing_.notes.push_back(fmt::format("masks/: {} passed over", Counted(masks_, "file")));
    if (unwanted_ > 0) {
      listing_.notes.push_back(
          fmt::format("{} left out by --compression or --methods", Counted(unwanted_, "file")));
    }
    tree_.TellLeftOut("the folders of the dataset", &listing_);
    NoteEmptyClass(root_, kFakes, FAKE, &listing_);
    NoteEmptyClass(root_, kOriginals, REAL, &listing_);
  }

  fs::path root_;
  bool official_ = IsOfficial(root_);
  std::string compression_ = CompressionInName(root_);  // where no folder tells
  Tree tree_;
  PairLists lists_;
  std::set<std::string> compressions_, methods_;
  Listing listing_;
  std::size_t masks_ = 0, unwanted_ = 0, unlisted_ = 0, misnamed_ = 0, from_youtube_ = 0;
  std::string misnamed_example_;
};

Listing List(const LayoutOptions& options, const fs::path& root) { return Reader(options, root).Read(); }

// Whether something in `folder` is called as a fake of the dataset.
bool HasFakes(const fs::path& folder) {
  constexpr int kLooked = 1000;
  static const std::regex fake("[0-9]{3}_[0-9]{3}|[0-9]+_[0-9]+__.+__[0-9A-Za-z]{8}");
  std::error_code code;
  int looked = 0;
  for (fs::recursive_directory_iterator entry(folder, code), end; !code && entry != end && looked < kLooked;
       entry.increment(code), ++looked) {
    if (std::regex_match(entry->path().stem().string(), fake)) return true;
  }
  return false;
}

// A folder for each method beside the originals', as the copies that are handed on have it.
std::string FlatSign(const fs::path& root) {
  std::set<std::string> methods;
  std::string originals;
  const auto look = [&](const fs::path& folder, const std::string& prefix) {
    std::error_code code;
    for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
      std::error_code ignored;
      const std::string name = entry->path().filename().string();
      if (!entry->is_directory(ignored)) continue;
      if (HoldsOriginals(name) && (originals.empty() || prefix + name < originals)) originals = prefix + name;
      if (!ReadMethod(name).empty() && HasFakes(entry->path())) methods.insert(prefix + name);
    }
  };
  look(root, "");
  std::error_code code;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!SplitOfFolder(name).empty()) look(entry->path(), name + "/");
  }
  if (methods.empty() || (originals.empty() && methods.size() < 2)) return "";
  return originals.empty() ? fmt::format("has {}/", *methods.begin())
                           : fmt::format("has {}/ beside {}/", *methods.begin(), originals);
}

std::string Sign(const fs::path& root) {
  std::error_code ignored;
  for (const char* folder : {kFakes, kOriginals}) {
    if (fs::is_directory(root / folder, ignored)) return fmt::format("has {}/", folder);
  }
  return FlatSign(root);
}

}  // namespace

DatasetLayout FaceForensicsLayout() {
  return {"faceforensics++",
          "original_sequences/{youtube,actors}/{raw,c23,c40}/videos/ and manipulated_sequences/METHOD/"
          "{raw,c23,c40}/videos/, or original/ beside Deepfakes/, Face2Face/, ...",
          {"compression", "methods"},
          [](const fs::path& root) { return !Sign(root).empty(); },
          Sign,
          List};
}

}  // namespace seam
