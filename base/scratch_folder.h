#pragma once

#include <filesystem>

namespace seam {

// A new folder in the system's folder for temporary files ($TMPDIR), for this program alone; removed with all
// that is in it. An Error when it cannot be made.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace seam
