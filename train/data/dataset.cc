#include "train/data/dataset.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
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
constexpr std::chrono::seconds kReadingIsLong{3};

void CheckFolder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw Error(folder.string(), "no such folder", "--data takes the folder that `seam extract` wrote");
  }
}

// Texts by number. Any thread may add.
class Names {
 public:
  std::uint32_t Add(std::string name) {
    const std::lock_guard lock(mutex_);
    return numbers_.emplace(std::move(name), static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  // Afterwards, by number.
  std::vector<std::string> Take() {
    std::vector<std::string> names(numbers_.size());
    for (auto& [name, number] : numbers_) names[number] = name;
    numbers_.clear();
    return names;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace

// What opening a dataset does, in the order of its functions.
class ClipDataset::Reading {
 public:
  explicit Reading(ClipDataset* dataset) : data_(*dataset) {}

  void OpenShards();
  void LookAtFirstClips();
  void ReadClips();

 private:
  struct Part {
    std::vector<Entry> entries;
    ShardDamage damage;
  };
  void ReadShard(std::size_t shard, Progress* progress, Part* part);
  void ReadClip(const Clip& clip, const std::string& where, Entry* entry);
  void CheckClip(const Clip& clip, const std::string& where) const;
  void KeepDamage(std::vector<Part>* parts);
  std::string FindScope(const Clip& clip, std::size_t folder) const;

  ClipDataset& data_;
  Names names_;
};

void ClipDataset::Reading::OpenShards() {
  std::vector<fs::path> paths;
  std::vector<std::size_t> ends;  // of each folder's shards
  for (std::size_t i = 0; i < data_.folders_.size(); ++i) {
    const fs::path& folder = data_.folders_[i].path;
    CheckFolder(folder);
    const bool others = data_.folders_.size() > 1;
    if (others && ListSplits(folder).count(data_.split_) == 0) {
      Say(fmt::format("{}: holds no shards of '{}'; the other folders' are used", folder.string(),
                      data_.split_));
    } else {
      const auto found = FindShards(folder, data_.split_);
      paths.insert(paths.end(), found.begin(), found.end());
      data_.folder_of_shard_.resize(paths.size(), i);
    }
    ends.push_back(paths.size());
  }
  data_.shards_.resize(paths.size());
  std::vector<std::string> digests(paths.size());
  const auto on_damage = data_.strictness_ == kStrict ? ShardReader::kThrow : ShardReader::kTolerate;
  tbb::parallel_for(std::size_t{0}, paths.size(), [&](std::size_t i) {
    tbb::parallel_invoke([&] { data_.shards_[i] = std::make_unique<ShardReader>(paths[i], on_damage); },
                         [&] { digests[i] = Sha256OfFile(paths[i]); });
  });
  std::size_t shard = 0;
  for (const std::size_t end : ends) {
    Sha256 digest;
    const bool empty = shard == end;
    for (; shard < end; ++shard) {
      digest.Update(fmt::format("{} {}\n", paths[shard].filename().string(), digests[shard]));
    }
    data_.digests_.push_back(empty ? "" : digest.Finish());
  }
}

// The first clip of all says what the others must be like. A folder's first is compared at once, so that two
// folders that do not fit together are told apart from a folder that is at odds with itself.
void ClipDataset::Reading::LookAtFirstClips() {
  std::set<std::size_t> seen;
  fs::path first;
  for (std::size_t i = 0; i < data_.shards_.size(); ++i) {
    const std::size_t folder = data_.folder_of_shard_[i];
    const ShardReader& shard = *data_.shards_[i];
    for (std::size_t record = 0; record < shard.size() && seen.count(folder) == 0; ++record) {
      std::string ignored;
      const auto clip = shard.TryRead(record, &ignored);
      if (!clip) continue;
      seen.insert(folder);
      const fs::path& path = data_.folders_[folder].path;
      if (seen.size() > 1 && (!SameCrop(clip->crop(), data_.crop_) || clip->frames_size() != data_.frames_)) {
        throw Error(
            path.string(),
            fmt::format("clips of {} frames, cut out with {}, but {} has clips of {}, cut out with {}",
                        clip->frames_size(), CropSpecJson(clip->crop()), first.string(), data_.frames_,
                        CropSpecJson(data_.crop_)),
            "extract both with the same options, or train on one of them");
      }
      if (seen.size() > 1) {
        if (clip->crop().faces() == "all") data_.crop_.set_faces("all");
        continue;
      }
      first = path;
      data_.crop_ = clip->crop();
      data_.frames_ = clip->frames_size();
      if (data_.frames_ < 1 || data_.frames_ > kMaxFrames) {
        throw Error(fmt::format("{}: record {}", shard.path().string(), record),
                    fmt::format("a clip of {} frames; 1 to {} are possible", data_.frames_, kMaxFrames));
      }
    }
  }
}

void ClipDataset::Reading::ReadClips() {
  std::vector<Part> parts(data_.shards_.size());
  std::int64_t records = 0;
  for (const auto& shard : data_.shards_) records += static_cast<std::int64_t>(shard->size());
  {
    Progress progress("reading " + data_.split_, records, "clips", kReadingIsLong);
    tbb::parallel_for(std::size_t{0}, parts.size(),
                      [&](std::size_t i) { ReadShard(i, &progress, &parts[i]); });
  }
  data_.names_ = names_.Take();
  std::size_t clips = 0;
  for (const Part& part : parts) clips += part.entries.size();
  data_.entries_.reserve(clips);
  for (Part& part : parts) {
    data_.entries_.insert(data_.entries_.end(), part.entries.begin(), part.entries.end());
    std::vector<Entry>().swap(part.entries);
  }
  KeepDamage(&parts);
}

void ClipDataset::Reading::ReadShard(std::size_t number, Progress* progress, Part* part) {
  constexpr std::size_t kAtOnce = 64;
  const ShardReader& shard = *data_.shards_[number];
  std::vector<Entry> entries(shard.size());
  std::vector<std::string> problems(shard.size());
  const auto read = [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t i = range.begin(); i < range.end(); ++i) {
      std::optional<Clip> clip;
      if (data_.strictness_ == kStrict)
        clip = shard.Read(i);
      else
        clip = shard.TryRead(i, &problems[i]);
      if (!clip) continue;
      entries[i].shard = static_cast<std::uint32_t>(number);
      entries[i].record = static_cast<std::uint32_t>(i);
      ReadClip(*clip, fmt::format("{}: record {}", shard.path().string(), i), &entries[i]);
    }
    progress->Advance(static_cast<std::int64_t>(range.size()));
  };
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, shard.size(), kAtOnce), read);
  shard.DropPages();
  part->damage = {shard.path(), shard.size(), 0, "", shard.broken()};
  part->entries.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (problems[i].empty()) {
      part->entries.push_back(entries[i]);
    } else if (part->damage.damaged++ == 0) {
      part->damage.first = problems[i];
    }
  }
}

void ClipDataset::Reading::ReadClip(const Clip& clip, const std::string& where, Entry* entry) {
  CheckClip(clip, where);
  const std::string dataset = FindScope(clip, data_.folder_of_shard_[entry->shard]);
  const std::string scope = data_.folders_.size() > 1 ? dataset + ":" : "";
  entry->dataset = names_.Add(dataset);
  entry->video = names_.Add(scope + clip.video());
  entry->group = names_.Add(clip.group().empty() ? "" : scope + clip.group());
  entry->method = names_.Add(clip.label() == FAKE ? scope + clip.method() : "");
  entry->track = clip.track();
  entry->label = clip.label() == FAKE ? 1 : 0;
  entry->points =
      static_cast<std::uint8_t>(clip.label() == REAL ? StateOfPoints(clip) : PointsState::kMissing);
  entry->picture = std::hash<std::string_view>{}(clip.frames(0).image());
}

void ClipDataset::Reading::CheckClip(const Clip& clip, const std::string& where) const {
  if (!SameCrop(clip.crop(), data_.crop_)) {
    throw Error(where,
                fmt::format("cut out with {}, but the first clip of the split with {}",
                            CropSpecJson(clip.crop()), CropSpecJson(data_.crop_)),
                "train on one extraction at a time; extract both sets with the same options");
  }
  if (clip.frames_size() != data_.frames_) {
    throw Error(
        where,
        fmt::format("{} frames, but the first clip of the split has {}", clip.frames_size(), data_.frames_),
        "extract the whole set with the same options");
  }
  const std::string problem = FindProblem(clip.crop());
  if (!problem.empty()) throw Error(where, "has " + problem, "use a newer Seam, or extract again");
  if (clip.label() != REAL && clip.label() != FAKE) {
    throw Error(where, fmt::format("label {}, neither real (0) nor fake (1)", int{clip.label()}));
  }
}

std::string ClipDataset::Reading::FindScope(const Clip& clip, std::size_t folder) const {
  const bool says_nothing = clip.dataset().empty() || clip.dataset() == "folder" || clip.dataset() == "csv";
  return says_nothing ? data_.folders_[folder].path.string() : clip.dataset();
}

void ClipDataset::Reading::KeepDamage(std::vector<Part>* parts) {
  for (Part& part : *parts) {
    ShardDamage& damage = part.damage;
    if (damage.damaged == 0 && damage.broken.empty()) continue;
    std::string line = fmt::format("{}: ", damage.shard.string());
    if (damage.damaged > 0) {
      line += fmt::format("{} of {} records are damaged and left out (the first: {})", damage.damaged,
                          damage.records, damage.first);
    }
    if (!damage.broken.empty()) {
      line += fmt::format("{}only {} records can be read, the rest of the shard is lost ({})",
                          damage.damaged > 0 ? "; " : "", damage.records - damage.damaged, damage.broken);
    }
    SayWarning(line);
    data_.damage_.push_back(std::move(damage));
  }
}

// The clips whose pictures could not be decoded.
class ClipDataset::BadPictures {
 public:
  // Whether it is the first time.
  bool Add(std::size_t index) {
    const std::lock_guard lock(mutex_);
    return clips_.insert(index).second;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return clips_.size();
  }

 private:
  std::mutex mutex_;
  std::set<std::size_t> clips_;
};

ClipDataset::ClipDataset(fs::path folder, std::string split)
    : ClipDataset(std::vector<DataFolder>{{std::move(folder)}}, std::move(split), kStrict) {}

ClipDataset::ClipDataset(std::vector<DataFolder> folders, std::string split, Strictness strictness)
    : folders_(std::move(folders)),
      split_(std::move(split)),
      strictness_(strictness),
      bad_pictures_(std::make_unique<BadPictures>()) {
  Reading reading(this);
  reading.OpenShards();
  if (shards_.empty()) {
    throw Error(folder().string(), fmt::format("neither it nor another folder holds shards of '{}'", split_),
                "at least one folder of --data must have them");
  }
  reading.LookAtFirstClips();
  reading.ReadClips();
  if (!entries_.empty()) return;
  if (!damage_.empty()) {
    throw Error(folder().string(),
                fmt::format("no clip of the split '{}' can be read; all of its {} shards are damaged", split_,
                            damage_.size()),
                "copy the shards again, or extract again");
  }
  throw Error(folder().string(), fmt::format("the split '{}' has no clips", split_),
              "look into manifest.jsonl for why its videos gave none");
}

ClipDataset::~ClipDataset() = default;

void ClipDataset::AddSelfBlended() {
  std::unordered_map<std::uint32_t, std::uint32_t> videos;  // by that of the real clip
  const auto method = static_cast<std::uint32_t>(names_.size());
  names_.push_back("sbi");
  self_blended_ = entries_.size();
  for (std::size_t i = 0; i < self_blended_; ++i) {
    Entry entry = entries_[i];
    if (entry.label == 1 || points(i) != PointsState::kGood) continue;
    const auto [video, is_new] = videos.emplace(entry.video, static_cast<std::uint32_t>(names_.size()));
    if (is_new) names_.push_back(names_[entry.video] + " (self-blended)");
    entry.video = video->second;
    entry.method = method;
    entry.label = 1;
    entries_.push_back(entry);
  }
}

std::string ClipDataset::digest() const {
  if (digests_.size() == 1) return digests_.front();
  Sha256 digest;
  for (const auto& own : digests_) digest.Update(own + "\n");
  return digest.Finish();
}

Clip ClipDataset::Read(std::size_t index) const {
  const Entry& entry = entries_[index];
  return shards_[entry.shard]->Read(entry.record);
}

std::optional<Clip> ClipDataset::TryRead(std::size_t index, std::string* problem) const {
  const Entry& entry = entries_[index];
  return shards_[entry.shard]->TryRead(entry.record, problem);
}

std::string ClipDataset::Where(std::size_t index) const {
  const Entry& entry = entries_[index];
  return fmt::format("{}: record {}", shards_[entry.shard]->path().string(), entry.record);
}

void ClipDataset::NoteBadPicture(std::size_t index, const std::string& problem) const {
  const Error error(Where(index), problem, "extract the dataset again");
  if (strictness_ == kStrict) throw error;
  if (bad_pictures_->Add(index)) SayWarning(fmt::format("{}; the clip is left out", error.what()));
}

std::size_t ClipDataset::bad_pictures() const { return bad_pictures_->size(); }

void ClipDataset::DropPages() const {
  for (const auto& shard : shards_) shard->DropPages();
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
  std::set<std::string_view> groups;
  for (std::size_t i = 0; i < a.size(); ++i) groups.insert(a.group(i));
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!b.group(i).empty() && groups.count(b.group(i)) > 0) return b.group(i);
  }
  return "";
}

SharedPictures FindSharedPictures(const ClipDataset& a, const ClipDataset& b) {
  std::unordered_multimap<std::uint64_t, std::size_t> clips;
  for (std::size_t i = 0; i < b.size(); ++i) clips.emplace(b.picture_hash(i), i);
  SharedPictures shared;
  std::set<std::size_t> found;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto [begin, end] = clips.equal_range(a.picture_hash(i));
    for (auto other = begin; other != end; ++other) {
      const bool same = a.Read(i).frames(0).image() == b.Read(other->second).frames(0).image();
      if (!same || !found.insert(other->second).second) continue;
      if (found.size() == 1) {
        shared.in_a = i;
        shared.in_b = other->second;
      }
    }
  }
  shared.count = found.size();
  return shared;
}

}  // namespace seam
