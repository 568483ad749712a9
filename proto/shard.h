#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "proto/clip.pb.h"

namespace seam {

// The meaning of seam.Clip that this code writes and reads. Raised when an old reader would misread a new clip.
constexpr std::uint32_t kClipFormatVersion = 1;

// Writes the shards of one split, FOLDER/PREFIX-00000-of-00008.tfrecord and so on, starting a new one when the last
// has reached `shard_bytes`. Shards appear only in Finish(), all whole, under their final names; without it nothing
// is left. Same records in, same bytes out. One thread. Throws Error that names the file.
class ShardWriter {
 public:
  ShardWriter(std::filesystem::path folder, std::string prefix, std::uint64_t shard_bytes);
  ~ShardWriter();

  // Sets format_version and writes.
  void Add(Clip clip);
  // The paths of the shards, none when nothing was added.
  std::vector<std::filesystem::path> Finish();

 private:
  std::filesystem::path folder_;
  std::string prefix_;
  std::uint64_t shard_bytes_;
  std::unique_ptr<AtomicFile> current_;
  // Whole shards that wait for their names.
  std::vector<std::filesystem::path> parts_;
};

// Random access to the clips of one shard. The file is mapped; opening it walks the lengths and checks each one's
// checksum, Read() checks the record's. Damage is an Error `FILE: what, at byte OFFSET`. Read() from any thread.
class ShardReader {
 public:
  explicit ShardReader(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::size_t size() const { return records_.size(); }
  Clip Read(std::size_t index) const;

 private:
  struct Record {
    std::uint64_t offset, length;  // of the payload in the file
  };
  std::filesystem::path path_;
  MappedFile file_;
  std::vector<Record> records_;
};

// The shards of `split` in a dataset folder in order; an Error when there is none, or when one of a numbered set
// (…-of-N) is missing.
std::vector<std::filesystem::path> FindShards(const std::filesystem::path& folder, const std::string& split);

}  // namespace seam
