#include "train/dataset.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "proto/crop_spec.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// A clip of more frames is taken for damage: a batch of it would not fit into memory.
constexpr int kMaxFrames = 512;
constexpr std::uint64_t kMaxDatasetJsonBytes = std::uint64_t{256} << 20;

void CheckFolder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw Error(folder.string(), "no such folder", "--data takes the folder that `seam extract` wrote");
  }
}

}  // namespace

ClipDataset::ClipDataset(fs::path folder, std::string split)
    : folder_(std::move(folder)), split_(std::move(split)) {
  CheckFolder(folder_);
  const auto paths = FindShards(folder_, split_);
  shards_.resize(paths.size());
  std::vector<std::string> digests(paths.size());
  tbb::parallel_for(std::size_t{0}, paths.size(), [&](std::size_t i) {
    shards_[i] = std::make_unique<ShardReader>(paths[i]);
    digests[i] = Sha256OfFile(paths[i]);
  });
  Sha256 digest;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    digest.Update(fmt::format("{} {}\n", paths[i].filename().string(), digests[i]));
    for (std::size_t j = 0; j < shards_[i]->size(); ++j) {
      entries_.emplace_back();
      entries_.back().shard = i;
      entries_.back().record = j;
    }
  }
  digest_ = digest.Finish();
  if (entries_.empty()) {
    throw Error(folder_.string(), fmt::format("the split '{}' has no clips", split_),
                "look into manifest.jsonl for why its videos gave none");
  }
  ReadEntries();
}

void ClipDataset::ReadEntries() {
  const Clip first = Read(0);
  crop_ = first.crop();
  frames_ = first.frames_size();
  if (frames_ < 1 || frames_ > kMaxFrames) {
    throw Error(Where(0), fmt::format("a clip of {} frames; 1 to {} are possible", frames_, kMaxFrames));
  }
  tbb::parallel_for(std::size_t{0}, entries_.size(), [this](std::size_t i) {
    const Clip clip = Read(i);
    Entry& entry = entries_[i];
    if (!SameCrop(clip.crop(), crop_)) {
      throw Error(Where(i),
                  fmt::format("cut out with {}, but the first clip of the split with {}",
                              CropSpecJson(clip.crop()), CropSpecJson(crop_)),
                  "train on one extraction at a time; extract both sets with the same options");
    }
    if (clip.frames_size() != frames_) {
      throw Error(
          Where(i),
          fmt::format("{} frames, but the first clip of the split has {}", clip.frames_size(), frames_),
          "extract the whole set with the same options");
    }
    const std::string problem = ProblemOf(clip.crop());
    if (!problem.empty()) throw Error(Where(i), "has " + problem, "use a newer Seam, or extract again");
    if (clip.label() != REAL && clip.label() != FAKE) {
      throw Error(Where(i), fmt::format("label {}, neither real (0) nor fake (1)", int{clip.label()}));
    }
    entry.video = clip.video();
    entry.group = clip.group();
    entry.track = clip.track();
    entry.label = clip.label() == FAKE ? 1 : 0;
  });
}

Clip ClipDataset::Read(std::size_t index) const {
  const Entry& entry = entries_[index];
  return shards_[entry.shard]->Read(entry.record);
}

std::string ClipDataset::Where(std::size_t index) const {
  const Entry& entry = entries_[index];
  return fmt::format("{}: record {}", shards_[entry.shard]->path().string(), entry.record);
}

bool IsMarkedLeaking(const fs::path& folder) {
  CheckFolder(folder);
  const fs::path path = folder / "dataset.json";
  if (!fs::exists(path)) {
    SayWarning(fmt::format("{}: missing, so nothing says how these shards were made", path.string()));
    return false;
  }
  const auto json = nlohmann::json::parse(ReadFile(path, kMaxDatasetJsonBytes), nullptr, false);
  if (!json.is_object()) throw Error(path.string(), "is no JSON object", "extract the dataset again");
  const auto leaks = json.find("leaks");
  return leaks != json.end() && leaks->is_boolean() && leaks->get<bool>();
}

std::string SharedGroup(const ClipDataset& a, const ClipDataset& b) {
  std::set<std::string> groups;
  for (std::size_t i = 0; i < a.size(); ++i) groups.insert(a.group(i));
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!b.group(i).empty() && groups.count(b.group(i)) > 0) return b.group(i);
  }
  return "";
}

}  // namespace seam
