#include "serve/upload.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace seam::serve {
namespace {

void SyncFolder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

Upload::Upload(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
  const std::filesystem::path part = folder_ / "input.part";
  descriptor_ = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor_ < 0) throw Error(part.string(), std::strerror(errno));
}

Upload::~Upload() {
  if (descriptor_ >= 0) close(descriptor_);
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Upload::Write(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(descriptor_, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw Error("upload", std::strerror(errno));
    data += written;
    size -= static_cast<std::size_t>(written);
    size_ += written;
  }
}

std::filesystem::path Upload::Commit() {
  if (fsync(descriptor_) != 0 || close(std::exchange(descriptor_, -1)) != 0)
    throw Error("upload", std::strerror(errno));
  const std::filesystem::path file = folder_ / "input";
  std::filesystem::rename(folder_ / "input.part", file);
  SyncFolder(folder_);
  SyncFolder(folder_.parent_path());
  committed_ = true;
  return file;
}

std::string ShownName(const std::string& name) {
  constexpr std::size_t kMost = 200;
  const std::size_t slash = name.find_last_of("/\\");
  std::string shown;
  for (const char c : slash == std::string::npos ? name : name.substr(slash + 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) shown += c;
  }
  if (shown.size() > kMost) {
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0U) == 0x80U) --end;
    shown.resize(end);
  }
  return shown.empty() ? "file" : shown;
}

std::string FindMediaType(const std::filesystem::path& file) {
  char bytes[16] = {};
  std::ifstream(file, std::ios::binary).read(bytes, sizeof bytes);
  const std::string_view head(bytes, sizeof bytes);
  using namespace std::string_view_literals;
  if (head.substr(4, 4) == "ftyp"sv) {
    const std::string_view brand = head.substr(8, 4);
    if (brand == "heic"sv || brand == "mif1"sv || brand == "avif"sv) return "image/avif";
    return "video/mp4";
  }
  if (head.starts_with("\x1a\x45\xdf\xa3"sv)) return "video/webm";
  if (head.starts_with("OggS"sv)) return "video/ogg";
  if (head.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (head.starts_with("\x89PNG"sv)) return "image/png";
  if (head.starts_with("GIF8"sv)) return "image/gif";
  if (head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv) return "image/webp";
  return "application/octet-stream";
}

}  // namespace seam::serve
