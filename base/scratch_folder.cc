#include "base/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

ScratchFolder::ScratchFolder() {
  std::error_code failure;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(failure);
  std::string pattern = ((failure ? "/tmp" : parent) / "seam-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw Error(pattern, fmt::format("cannot be made: {}", std::strerror(errno)),
                "name a folder for temporary files by the environment variable TMPDIR");
  }
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace seam
