#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace seam::serve {

// How one run of `seam infer` ended.
struct ScoreOutcome {
  enum class End { kFinished, kStopped, kTimedOut, kCrashed } end = End::kFinished;
  int exit_status = 0;  // where it finished
  int signal = 0;       // where it crashed
  std::string problem;  // the program's last error line, or ""
};

// Runs `seam infer ARGUMENTS` as a process of its own, at a lower priority than this one, until it ends,
// `stop` becomes true, or `limit` has passed. Only here does a server decode media: a file that
// crashes the decoder costs its own job alone. What the program says goes to the file `log`.
ScoreOutcome RunScoreProcess(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                             const std::atomic<bool>& stop, std::chrono::seconds limit);

}  // namespace seam::serve
