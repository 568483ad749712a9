#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "proto/clip.pb.h"

namespace seam {

// The meaning of seam.Clip that this code writes and reads. Raised when an old reader would misread a new
// clip.
constexpr std::uint32_t kClipFormatVersion = 1;

// More fields than this in one clip (frames among them) are taken for damage, since empty ones cost far more
// memory than bytes.
constexpr std::size_t kMaxClipFields = std::size_t{1} << 20;

// Writes the shards of one split, FOLDER/PREFIX-00000-of-00008.tfrecord and so on, starting a new one when
// the last has reached `shard_bytes`. Shards appear only in Finish(), all whole, under their final names;
// without it nothing is left but what a killed process leaves: PREFIX-00000.PID.part files, which nothing
// reads. Same records in, same bytes out. One thread, and one writer of a prefix in a folder at a time.
// Throws Error that names the file.
class ShardWriter {
 public:
  ShardWriter(std::filesystem::path folder, std::string prefix, std::uint64_t shard_bytes,
              AtomicFile::Durability durability = AtomicFile::kSync);
  ~ShardWriter();

  // Sets format_version and last_of_shard and writes. An Error when a text is not UTF-8 or the clip is too
  // long to be read back.
  void Add(Clip clip);
  // The paths of the shards, none when nothing was added. Once only.
  std::vector<std::filesystem::path> Finish();

 private:
  void WritePending(bool last_of_all);

  std::filesystem::path folder_;
  std::string prefix_;
  std::uint64_t shard_bytes_;
  AtomicFile::Durability durability_;
  std::optional<Clip> pending_;  // the last one added: only what follows says whether it ends its shard
  std::unique_ptr<AtomicFile> current_;
  std::filesystem::path current_path_;
  // Whole shards that wait for their names.
  std::vector<std::filesystem::path> parts_;
};

// Random access to the clips of one shard. The file is mapped; opening it walks the lengths, checks each
// one's checksum and reads the last record, Read() checks the record's. Damage is an Error `FILE: what, at
// byte OFFSET`, where OFFSET is that of the record's first byte. Read() and TryRead() from any thread.
class ShardReader {
 public:
  // kTolerate: a shard that is cut off or has a damaged length is read as far as possible. Nothing can be
  // found behind such a length. broken() says why reading ended.
  enum OnDamage { kThrow, kTolerate };
  explicit ShardReader(std::filesystem::path path, OnDamage on_damage = kThrow);

  // `WHAT, at byte OFFSET`, or "": whole. Always "" with kThrow.
  const std::string& broken() const { return broken_; }

  const std::filesystem::path& path() const { return path_; }
  std::size_t size() const { return records_.size(); }
  Clip Read(std::size_t index) const;
  // None, and *problem `WHAT, at byte OFFSET`, when the record is damaged. Throws only when it is whole and
  // of another format version.
  std::optional<Clip> TryRead(std::size_t index, std::string* problem) const;
  // See MappedFile: for going through a shard once.
  void DropPages() const { file_.DropPages(); }

 private:
  struct Record {
    std::uint64_t offset, length;  // of the payload in the file
  };
  // What is wrong with a record, or with where the shard ends.
  struct Problem {
    std::string what, hint;
  };
  std::optional<Problem> Walk();
  std::optional<Problem> ProblemOfEnd(OnDamage on_damage) const;
  // What is wrong with the record that begins with `left`, the rest of the file from `start` on.
  static std::optional<Problem> ProblemOfFrame(std::string_view left, std::uint64_t start);
  std::optional<Problem> ReadInto(std::size_t index, Clip* clip) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::vector<Record> records_;
  std::string broken_;
};

// The splits that have shards in a dataset folder.
std::set<std::string> ListSplits(const std::filesystem::path& folder);

// The shards of `split` in a dataset folder in order; an Error when there is none, or when one of a numbered
// set (…-of-N) is missing.
std::vector<std::filesystem::path> FindShards(const std::filesystem::path& folder, const std::string& split);

}  // namespace seam
