#include "labels/video.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "proto/utf8.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

using Problems = std::vector<std::pair<fs::path, std::string>>;

constexpr auto kVideoEndings = std::to_array<std::string_view>({
    // phones, computers, browsers
    ".mp4",
    ".m4v",
    ".mp4v",
    ".mov",
    ".qt",
    ".mkv",
    ".mk3d",
    ".webm",
    ".avi",
    ".divx",
    ".flv",
    ".f4v",
    ".ogv",
    ".ogm",
    ".3gp",
    ".3g2",
    ".3gpp",
    ".3gp2",
    ".wmv",
    ".asf",
    // camcorders, cameras, discs, broadcasting
    ".mpg",
    ".mpeg",
    ".mpe",
    ".m1v",
    ".m2v",
    ".mpv",
    ".m2p",
    ".vob",
    ".vro",
    ".mod",
    ".tod",
    ".ts",
    ".mts",
    ".m2ts",
    ".m2t",
    ".tp",
    ".trp",
    ".dv",
    ".dif",
    ".mxf",
    ".mj2",
    ".lrv",
    ".insv",
    ".360",
    // surveillance, and streams as they left an encoder
    ".dav",
    ".h264",
    ".264",
    ".avc",
    ".h265",
    ".265",
    ".hevc",
    ".mjpg",
    ".mjpeg",
    ".ivf",
    ".obu",
    ".y4m",
    // animations
    ".gif",
    ".apng",
    ".heics",
    ".heifs",
    ".avifs",
    // Not read, but told.
    ".rm",
    ".rmvb",
    ".h266",
    ".266",
    ".vvc",
});

constexpr auto kPictureEndings = std::to_array<std::string_view>({
    ".jpg", ".jpeg", ".jpe",  ".jfif", ".jif", ".jfi",  ".mpo", ".png", ".webp", ".bmp", ".dib",
    ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".j2c",  ".jpf", ".jpx",
    ".jxl",  // not read, but told
});

template <class Endings>
bool HasEnding(const Endings& endings, const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

// One listing: real folders before links, so that a folder keeps its own path where a link leads to it too.
class Walk {
 public:
  Walk(fs::path root, Problems* problems) : root_(std::move(root)), problems_(problems) {
    folders_.push_back(root_);
  }

  std::vector<fs::path> Run(std::vector<fs::path>* others) {
    while (!folders_.empty() || !links_.empty()) {
      if (folders_.empty()) {
        folders_.emplace_back(*links_.begin());
        links_.erase(links_.begin());
      }
      const fs::path folder = std::move(folders_.back());
      folders_.pop_back();
      if (FirstVisit(folder)) List(folder);
    }
    const auto by_bytes = [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); };
    std::sort(files_.begin(), files_.end(), by_bytes);
    if (others != nullptr) {
      std::sort(others_.begin(), others_.end(), by_bytes);
      *others = std::move(others_);
    }
    if (problems_ != nullptr) std::sort(problems_->begin(), problems_->end());
    return std::move(files_);
  }

 private:
  bool FirstVisit(const fs::path& folder) {
    struct stat status = {};
    if (stat(folder.c_str(), &status) != 0) {
      Tell(folder, std::strerror(errno), "check the path");
      return false;
    }
    return visited_.insert({status.st_dev, status.st_ino}).second;
  }

  // A folder whose names can be read but whose files cannot be reached counts as unreadable.
  void List(const fs::path& folder) {
    std::error_code code;
    if (access(folder.c_str(), R_OK | X_OK) != 0) {
      Tell(folder, std::strerror(errno), "check the permissions");
      return;
    }
    fs::directory_iterator entry(folder, code);
    for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
      if (!entry->path().filename().native().starts_with('.')) Sort(*entry);
    }
    if (code) Tell(folder, code.message(), "check the permissions");
  }

  void Tell(const fs::path& folder, const std::string& words, const char* hint) {
    if (problems_ == nullptr || folder == root_)
      throw Error(folder.string(), "cannot be read: " + words, hint);
    problems_->emplace_back(folder, words);
  }

  void Sort(const fs::directory_entry& entry) {
    std::error_code code;
    const bool link = entry.is_symlink(code);
    const fs::file_type type = entry.status(code).type();
    if (type == fs::file_type::directory) {
      if (link)
        links_.insert(entry.path().native());
      else
        folders_.push_back(entry.path());
    } else if (IsMediaFile(entry.path())) {
      files_.push_back(entry.path());
    } else if (type == fs::file_type::regular) {
      others_.push_back(entry.path());
    }
  }

  const fs::path root_;
  Problems* const problems_;
  std::vector<fs::path> folders_, files_, others_;
  std::set<std::string> links_;
  std::set<std::pair<dev_t, ino_t>> visited_;
};

bool LooksEscaped(std::string_view text) {
  const auto hexadecimal = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  return text.size() >= 4 && text[1] == 'x' && hexadecimal(text[2]) && hexadecimal(text[3]);
}

}  // namespace

bool IsMediaFile(const fs::path& path) { return HasEnding(kVideoEndings, path) || IsPictureFile(path); }

bool IsPictureFile(const fs::path& path) { return HasEnding(kPictureEndings, path); }

std::vector<fs::path> ListMediaFiles(const fs::path& root, Problems* problems,
                                     std::vector<fs::path>* others) {
  std::error_code code;
  const fs::file_status status = fs::status(root, code);
  if (!fs::exists(status)) {
    throw Error(root.string(), "cannot be read: " + code.message(), "check the path");
  }
  if (!fs::is_directory(status))
    throw Error(root.string(), "is not a folder", "name the folder of the dataset");
  return Walk(root, problems).Run(others);
}

std::string Utf8Id(std::string_view name) {
  std::string id;
  while (!name.empty()) {
    const std::size_t length = Utf8Length(name);
    if (length == 0 || (name[0] == '\\' && LooksEscaped(name))) {
      id += fmt::format("\\x{:02x}", static_cast<unsigned char>(name[0]));
    } else {
      id += name.substr(0, length);
    }
    name.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return id;
}

}  // namespace seam
