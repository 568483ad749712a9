#include "tests/support/support.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"

namespace seam {

namespace fs = std::filesystem;

fs::path SharedPath(const std::string& relative) {
  const char* named = std::getenv("SEAM_SHARED");
  const fs::path root = named != nullptr ? fs::path(named) : fs::path(SEAM_SOURCE).parent_path() / "shared";
  return root / relative;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "seam-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw Error(pattern, "cannot be made");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

CommandResult RunCommand(const std::string& line) {
  const TemporaryFolder folder;
  const std::string command = "PATH='" SEAM_PROGRAMS "':\"$PATH\"; { " + line + "\n} >" +
                              (folder / "out").string() + " 2>" + (folder / "err").string();
  const int status = std::system(command.c_str());
  CommandResult result;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = ReadFile(folder / "out");
  result.err = ReadFile(folder / "err");
  return result;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string CatchMessage(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string CatchHint(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.hint();
  }
  return "";
}

}  // namespace seam
