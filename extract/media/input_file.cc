#include "extract/media/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

InputFile::InputFile(const FilePlace& place, Deadline deadline)
    : path_(place.path.string()),
      descriptor_(place.descriptor < 0 ? open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                                       : fcntl(place.descriptor, F_DUPFD_CLOEXEC, 0)),
      deadline_(std::move(deadline)) {
  if (descriptor_ < 0)
    throw Error(path_, fmt::format("cannot be opened: {}", std::strerror(errno)), "check the path");
  if (place.descriptor >= 0) {
    size_ = lseek(descriptor_, 0, SEEK_END);
    return;
  }
  struct stat status = {};
  const bool regular = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  size_ = regular ? status.st_size : 0;
  if (size_ > 0) return;
  close(descriptor_);
  ThrowNotMedia(path_, regular ? "is empty (0 bytes)" : "is not a file");
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::CutTo(std::int64_t size) { size_ = std::min(size_, size); }

bool InputFile::Stopped() const { return deadline_.Stopped(); }

std::int64_t InputFile::Read(std::int64_t offset, std::uint8_t* buffer, std::size_t count) const {
  if (offset < 0 || offset >= size_) return 0;
  count = std::min(count, static_cast<std::size_t>(size_ - offset));
  for (;;) {
    const ssize_t there = pread(descriptor_, buffer, count, offset);
    if (there >= 0) return there;
    if (errno != EINTR) return -errno;
    if (Stopped()) return -EINTR;
  }
}

std::string InputFile::BytesAt(std::int64_t offset, std::size_t count) const {
  if (offset < 0 || offset >= size_) return "";
  std::string bytes(std::min(count, static_cast<std::size_t>(size_ - offset)), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    auto* to = reinterpret_cast<std::uint8_t*>(bytes.data()) + filled;
    const std::int64_t there = Read(offset + static_cast<std::int64_t>(filled), to, bytes.size() - filled);
    if (there <= 0) break;
    filled += static_cast<std::size_t>(there);
  }
  bytes.resize(filled);
  return bytes;
}

std::int64_t BigEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::int64_t>::max()));
}

std::int64_t LittleEndian(std::string_view bytes) {
  const std::string turned(bytes.rbegin(), bytes.rend());
  return BigEndian(turned);
}

void ThrowNotMedia(const std::string& path, const std::string& problem) {
  throw Error(path, problem,
              "Seam reads mp4, mov, 3gp, mkv, webm, avi, ts, mpg, flv, ogv, wmv, mxf, dv, dav, raw H.264 and "
              "H.265, gif and jpg, png, webp, heic, avif, bmp, tiff, jp2");
}

}  // namespace seam
