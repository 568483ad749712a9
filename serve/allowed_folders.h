#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace seam::serve {

// Folders of the server's machine that its users may read.
class AllowedFolders {
 public:
  // Throws Error where one is no folder.
  explicit AllowedFolders(const std::vector<std::string>& folders);

  const std::vector<std::filesystem::path>& folders() const { return folders_; }
  // The real path of what is named, links followed, where that is there and lies in one of the folders; else
  // none.
  std::optional<std::filesystem::path> Resolve(const std::string& named) const;

 private:
  std::vector<std::filesystem::path> folders_;  // canonical
};

}  // namespace seam::serve
