#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/clip.pb.h"
#include "proto/shard.h"
#include "train/data/face_points.h"

namespace seam {

struct DataFolder {
  std::filesystem::path path;
  double weight = 1;  // how often its clips are shown, as a factor
};

// What could not be read of a shard.
struct ShardDamage {
  std::filesystem::path shard;
  std::size_t records = 0;  // that were found
  std::size_t damaged = 0;  // of these
  std::string first;        // what is wrong with the first of them: `WHAT, at byte OFFSET`
  std::string broken;       // why the shard could not be followed to its end, likewise; or ""
};

// The clips of one split of one or more dataset folders, in the order of the folders and of their shards.
// Opening it reads every record once (labels, checksums, the digest), without decoding pictures; afterwards
// any thread may read. A clip costs 40 bytes of memory and each text is held once.
//
// Of several folders, ids of videos and groups, and methods, begin with `DATASET:`. So equal names of
// different datasets stay apart, and a dataset that lies in two folders is one. Where the dataset's name says
// nothing ("folder", "csv"), the folder's path stands for it.
class ClipDataset {
 public:
  // kStrict: damage is an Error. kLenient: damaged records are left out, each shard that has some is named in
  // a warning, and damage() counts them; pictures that cannot be decoded are left to NoteBadPicture().
  enum Strictness { kStrict, kLenient };

  // An Error when a folder is missing, when no folder has clips of the split, or when a record is of another
  // version. An Error when two clips differ in how they were cut out (SameCrop) or in their number of frames.
  ClipDataset(std::filesystem::path folder, std::string split);
  ClipDataset(std::vector<DataFolder> folders, std::string split, Strictness strictness);
  ~ClipDataset();

  std::size_t size() const { return entries_.size(); }
  int label(std::size_t index) const { return entries_[index].label; }  // 1 is fake
  const std::string& video(std::size_t index) const { return names_[entries_[index].video]; }
  const std::string& group(std::size_t index) const { return names_[entries_[index].group]; }
  const std::string& method(std::size_t index) const { return names_[entries_[index].method]; }
  // What stands before the colon of ids, also where there is one folder and they have none.
  const std::string& dataset(std::size_t index) const { return names_[entries_[index].dataset]; }
  // Equal where dataset() is.
  int dataset_number(std::size_t index) const { return static_cast<int>(entries_[index].dataset); }
  std::uint32_t track(std::size_t index) const { return entries_[index].track; }
  // Of the clip's folder, in folders().
  std::size_t folder_of(std::size_t index) const { return folder_of_shard_[entries_[index].shard]; }
  // Of real clips; of others kMissing.
  PointsState points(std::size_t index) const { return static_cast<PointsState>(entries_[index].points); }
  // Where the clip's record stands among all of the split: equal for a clip and the fake that is made of it.
  std::uint64_t place(std::size_t index) const {
    return std::uint64_t{entries_[index].shard} << 32 | entries_[index].record;
  }

  // For a split without fakes: of each real clip with good landmarks a fake is made, too, as EpochPlan's
  // Sample::Kind says. It follows them as a clip and a video of its own, `VIDEO (self-blended)`.
  void AddSelfBlended();
  bool has_self_blended() const { return self_blended_ < entries_.size(); }
  bool IsSelfBlended(std::size_t index) const { return index >= self_blended_; }

  // Equal for the same bytes of the first frame's picture.
  std::uint64_t picture_hash(std::size_t index) const { return entries_[index].picture; }

  // The same for every clip, but for `faces`: all, where a folder holds everybody.
  const CropSpec& crop() const { return crop_; }
  int frames() const { return frames_; }

  const std::vector<DataFolder>& folders() const { return folders_; }
  const std::filesystem::path& folder() const { return folders_.front().path; }  // the first
  const std::string& split() const { return split_; }
  Strictness strictness() const { return strictness_; }

  // Of one folder: SHA-256 over a line `NAME SHA256\n` for each shard, the same only for the same bytes; of
  // one that has no shards of the split: "". Of all: that of the only folder, or SHA-256 over a line
  // `DIGEST\n` for each.
  const std::string& digest(std::size_t folder) const { return digests_[folder]; }
  std::string digest() const;

  // Shards that are damaged, in order.
  const std::vector<ShardDamage>& damage() const { return damage_; }

  // An Error when the record is damaged (since it was opened).
  Clip Read(std::size_t index) const;
  // Likewise, but none and what is wrong.
  std::optional<Clip> TryRead(std::size_t index, std::string* problem) const;
  // Where a clip stands: the shard's path and the record's number in it.
  std::string Where(std::size_t index) const;

  // Called for a clip that cannot be read or decoded: an Error when kStrict; otherwise it is named in a
  // warning the first time, and counted. Any thread.
  void NoteBadPicture(std::size_t index, const std::string& problem) const;
  std::size_t bad_pictures() const;

  // See MappedFile: lets go of the memory that holds what was read.
  void DropPages() const;

 private:
  struct Entry {
    std::uint64_t picture = 0;
    std::uint32_t shard = 0, record = 0;
    std::uint32_t video = 0, group = 0, method = 0;  // in names_
    std::uint32_t track = 0;
    std::uint8_t label = 0, points = 0;
    std::uint32_t dataset = 0;  // in names_
  };
  class Reading;
  class BadPictures;

  std::vector<DataFolder> folders_;
  std::string split_;
  Strictness strictness_;
  std::vector<std::unique_ptr<ShardReader>> shards_;
  std::vector<std::size_t> folder_of_shard_;
  std::vector<Entry> entries_;
  std::vector<std::string> names_;
  CropSpec crop_;
  int frames_ = 0;
  std::size_t self_blended_ = SIZE_MAX;  // number of the first
  std::vector<std::string> digests_;
  std::vector<ShardDamage> damage_;
  std::unique_ptr<BadPictures> bad_pictures_;
};

// Whether dataset.json in `folder` says that its splits leak into one another. Warns when there is no such
// file.
bool IsMarkedLeaking(const std::filesystem::path& folder);

// A group that stands in both datasets, or "".
std::string SharedGroup(const ClipDataset& a, const ClipDataset& b);

// Clips, one of each dataset, whose first pictures are equal byte for byte: how many there are of `b`, and
// the first. count 0: none.
struct SharedPictures {
  std::size_t count = 0, in_a = 0, in_b = 0;
};
SharedPictures FindSharedPictures(const ClipDataset& a, const ClipDataset& b);

}  // namespace seam
