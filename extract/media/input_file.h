#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "extract/media/media_limits.h"

namespace seam {

// Where a file is: at its path or, in a process that may open nothing, behind a descriptor that is open
// already; its path then only names it.
struct FilePlace {
  FilePlace(std::filesystem::path name, int open = -1)  // NOLINT(google-explicit-constructor)
      : path(std::move(name)), descriptor(open) {}
  std::filesystem::path path;
  int descriptor;
};

// The bytes of one regular file. Reading stops when the deadline says so.
class InputFile {
 public:
  // An Error when there is no such file, when it is none (a pipe, a device), or is empty. A descriptor stays
  // the caller's, and is of such a file.
  explicit InputFile(const FilePlace& place, Deadline deadline = {});
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_; }
  std::int64_t size() const { return size_; }
  // From here on the file ends at `size`, if it was longer.
  void CutTo(std::int64_t size);

  bool Stopped() const;
  // Up to `count` bytes from `offset` on; fewer at the end of the file and where it cannot be read.
  std::string BytesAt(std::int64_t offset, std::size_t count) const;
  // As read(2), from `offset` on, with errors as negative errno.
  std::int64_t Read(std::int64_t offset, std::uint8_t* buffer, std::size_t count) const;

 private:
  std::string path_;
  int descriptor_;
  Deadline deadline_;
  std::int64_t size_ = 0;
};

// The number that `bytes` are, first byte first; at most what fits.
std::int64_t BigEndian(std::string_view bytes);
std::int64_t LittleEndian(std::string_view bytes);

// An Error that lists what can be read.
[[noreturn]] void ThrowNotMedia(const std::string& path, const std::string& problem);

}  // namespace seam
