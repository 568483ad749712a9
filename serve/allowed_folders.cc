#include "serve/allowed_folders.h"

#include <algorithm>

#include "base/error.h"

namespace seam::serve {

AllowedFolders::AllowedFolders(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    std::error_code problem;
    const std::filesystem::path real = std::filesystem::canonical(folder, problem);
    if (problem || !std::filesystem::is_directory(real)) throw Error("--allow", folder + ": no such folder");
    folders_.push_back(real);
  }
}

std::optional<std::filesystem::path> AllowedFolders::Resolve(const std::string& named) const {
  if (named.find('\0') != std::string::npos) return std::nullopt;
  std::error_code problem;
  const std::filesystem::path path(named);
  if (!path.is_absolute()) return std::nullopt;
  const std::filesystem::path real = std::filesystem::canonical(path, problem);
  if (problem) return std::nullopt;
  const bool inside = std::any_of(folders_.begin(), folders_.end(), [&](const std::filesystem::path& folder) {
    const auto [rest, ignored] = std::mismatch(folder.begin(), folder.end(), real.begin(), real.end());
    return rest == folder.end();
  });
  return inside ? std::optional(real) : std::nullopt;
}

}  // namespace seam::serve
