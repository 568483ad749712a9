#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace seam {

// The shared data and fixtures: $SEAM_SHARED, or the folder `shared` beside the checkout. May not exist.
std::filesystem::path SharedPath(const std::string& relative);

// Skips the test, visibly, where the shared file or folder is absent.
#define SEAM_NEEDS_SHARED(relative)                                                              \
  do {                                                                                           \
    if (!std::filesystem::exists(::seam::SharedPath(relative)))                                  \
      GTEST_SKIP() << "needs the shared data: " << ::seam::SharedPath(relative) << " is absent"; \
  } while (false)

// A folder of its own for one test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct CommandResult {
  int status = -1;  // exit status, or 128 + signal
  std::string out, err;
};

// Runs a line of shell. Programs of the build are found by their names ("seam infer ...").
CommandResult RunCommand(const std::string& line);

// `text` in single quotes for the shell.
std::string Quoted(const std::string& text);

// The one-line message and the hint that `action` throws as seam::Error, or "" when it throws none.
std::string CatchMessage(const std::function<void()>& action);
std::string CatchHint(const std::function<void()>& action);

}  // namespace seam
