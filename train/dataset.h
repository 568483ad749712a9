#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "proto/clip.pb.h"
#include "proto/shard.h"

namespace seam {

// The clips of one split of a dataset folder, in the order of its shards. Opening it reads every record once
// (labels, checksums, the digest), without decoding pictures; afterwards any thread may read.
class ClipDataset {
 public:
  // An Error when the folder or the split is missing or empty, when a record is damaged or of another
  // version, or when two clips differ in their CropSpec or in their number of frames.
  ClipDataset(std::filesystem::path folder, std::string split);

  std::size_t size() const { return entries_.size(); }
  int label(std::size_t index) const { return entries_[index].label; }  // 1 is fake
  const std::string& video(std::size_t index) const { return entries_[index].video; }
  const std::string& group(std::size_t index) const { return entries_[index].group; }
  std::uint32_t track(std::size_t index) const { return entries_[index].track; }

  // The same for every clip.
  const CropSpec& crop() const { return crop_; }
  int frames() const { return frames_; }

  const std::filesystem::path& folder() const { return folder_; }
  const std::string& split() const { return split_; }

  // SHA-256 over a line `NAME SHA256\n` for each shard: the same only for the same bytes.
  const std::string& digest() const { return digest_; }

  Clip Read(std::size_t index) const;
  // Where a clip stands: the shard's path and the record's number in it.
  std::string Where(std::size_t index) const;

 private:
  struct Entry {
    std::size_t shard = 0, record = 0;
    std::string video, group;
    std::uint32_t track = 0;
    int label = 0, frames = 0;
  };
  void ReadEntries();

  std::filesystem::path folder_;
  std::string split_;
  std::vector<std::unique_ptr<ShardReader>> shards_;
  std::vector<Entry> entries_;
  CropSpec crop_;
  int frames_ = 0;
  std::string digest_;
};

// Whether dataset.json in `folder` says that its splits leak into one another. Warns when there is no such
// file.
bool IsMarkedLeaking(const std::filesystem::path& folder);

// A group that stands in both datasets, or "".
std::string SharedGroup(const ClipDataset& a, const ClipDataset& b);

}  // namespace seam
