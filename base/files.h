#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace seam {

// A file that appears whole or not at all: written beside its path under a temporary name, synced and
// renamed by Commit(). Destroyed without Commit(), it leaves nothing. Throws Error that names the file; "No
// space left on device" is such an error. A device or a pipe (/dev/null, /dev/stdout) cannot be replaced: it
// is written to directly.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // kSync survives a power failure; kNoSync, only the program's death: for the many small files of a run in
  // work.
  enum Durability { kSync, kNoSync };

  void Write(std::string_view bytes);
  void Commit(Durability durability = kSync);

  std::uint64_t size() const { return size_; }

 private:
  void Flush();

  std::filesystem::path path_, temporary_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  int descriptor_ = -1;
};

// Writes `bytes` to `path` through an AtomicFile.
void WriteFile(const std::filesystem::path& path, std::string_view bytes);

// The whole of a regular file; an Error when it cannot be read or is larger than `limit` bytes.
std::string ReadFile(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 32);

// A file mapped read-only into memory. Throws Error when it cannot be.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  // Lets go of the memory that holds what was read so far; it is read anew when it is needed.
  void DropPages() const;

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Where Seam's own data lies (network weights, detector weights): $SEAM_SHARE (unless empty), or share/seam
// beside an installed program, or share/ of the source tree. Returns the path of `name` in the first that has
// it, or an empty path.
std::filesystem::path FindShare(const std::string& name);

}  // namespace seam
