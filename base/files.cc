#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/sibling.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

Error SystemError(const fs::path& path, const std::string& what, int code) {
  const char* hint = "";
  if (code == ENOSPC || code == EDQUOT) hint = "free some space; finished files are intact";
  if (code == ENOENT) hint = "check the path";
  if (code == EACCES || code == EPERM) hint = "check the permissions";
  return Error(path.string(), fmt::format("{}: {}", what, std::strerror(code)), hint);
}

// A renamed file survives a power failure only when its folder's entry is on the disk, too. Folders that
// cannot be opened for reading, and file systems that do not sync folders, are left to the system.
void SyncParentFolder(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  const int code = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  if (code == EIO || code == ENOSPC || code == EDQUOT) throw SystemError(file, "cannot be written", code);
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  struct stat status = {};
  const bool exists = stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw Error(path_.string(), "cannot be written: is a folder");
  const bool replace = !exists || S_ISREG(status.st_mode);
  if (replace) temporary_ = path_.string() + fmt::format(".{}.tmp", getpid());
  const int flags = O_WRONLY | O_CLOEXEC | (replace ? O_CREAT | O_TRUNC : 0);
  descriptor_ = open((replace ? temporary_ : path_).c_str(), flags, 0666);
  if (descriptor_ < 0) throw SystemError(path_, "cannot be written", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::Write(std::string_view bytes) {
  size_ += bytes.size();
  buffer_.append(bytes);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void AtomicFile::Flush() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t written = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError(path_, "cannot be written", errno);
    done += static_cast<std::size_t>(written);
  }
  buffer_.clear();
}

void AtomicFile::Commit(Durability durability) {
  Flush();
  const bool replace = !temporary_.empty();
  if (replace && durability == kSync && fsync(descriptor_) != 0) {
    throw SystemError(path_, "cannot be written", errno);
  }
  const int closed = close(descriptor_);
  descriptor_ = -1;
  if (closed == 0 && (!replace || rename(temporary_.c_str(), path_.c_str()) == 0)) {
    if (replace && durability == kSync) SyncParentFolder(path_);
    return;
  }
  const int code = errno;
  if (replace) unlink(temporary_.c_str());
  throw SystemError(path_, "cannot be written", code);
}

void WriteFile(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.Write(bytes);
  file.Commit();
}

std::string ReadFile(const fs::path& path, std::uint64_t limit) {
  const MappedFile file(path);
  if (file.bytes().size() > limit) {
    throw Error(path.string(), fmt::format("{} bytes, more than the {} allowed", file.bytes().size(), limit));
  }
  return std::string(file.bytes());
}

MappedFile::MappedFile(const fs::path& path) {
  // Not blocking: a pipe that nobody writes to would hold open() for ever.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) throw SystemError(path, "cannot be opened", errno);
  struct stat status = {};
  const bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  size_ = regular ? static_cast<std::size_t>(status.st_size) : 0;
  void* address = size_ > 0 ? mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  const int code = errno;
  close(descriptor);
  if (!regular) throw Error(path.string(), "is not a file");
  if (address == MAP_FAILED) throw SystemError(path, "cannot be mapped", code);
  data_ = static_cast<const char*>(address);
}

void MappedFile::DropPages() const {
  if (data_ != nullptr) madvise(const_cast<char*>(data_), size_, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

fs::path FindShare(const std::string& name) {
  std::vector<fs::path> folders;
  const char* named = std::getenv("SEAM_SHARE");
  if (named != nullptr && *named != '\0') folders.emplace_back(named);
  std::error_code ignored;
  const fs::path programs = ProgramFolder();
  if (!programs.empty()) folders.push_back(programs.parent_path() / "share" / "seam");
  folders.emplace_back(SEAM_SOURCE_SHARE);
  for (const auto& folder : folders) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  }
  return {};
}

}  // namespace seam
