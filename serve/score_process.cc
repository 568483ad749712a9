#include "serve/score_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/lines.h"
#include "base/sibling.h"

namespace seam::serve {
namespace {

constexpr int kNice = 5;  // requests are answered before frames are scored

pid_t Spawn(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  const std::string program = FindProgram("infer").string();
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: Ctrl-C in the server's terminal is the server's to handle, and all that it started
  // ends with it.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  pid_t child = 0;
  const int code = posix_spawn(&child, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) throw Error(program, fmt::format("cannot be run: {}", std::strerror(code)));
  setpriority(PRIO_PROCESS, static_cast<id_t>(child), kNice);
  return child;
}

// Waits up to `limit`; whether the process ended.
bool WaitFor(pid_t child, std::chrono::milliseconds limit, const std::atomic<bool>* stop, int* status) {
  const auto end = std::chrono::steady_clock::now() + limit;
  auto pause = std::chrono::milliseconds(2);
  while (std::chrono::steady_clock::now() < end) {
    const pid_t ended = waitpid(child, status, WNOHANG);
    if (ended == child) return true;
    if (ended < 0 && errno != EINTR)
      throw Error("seam infer", fmt::format("was lost: {}", std::strerror(errno)));
    if (stop != nullptr && *stop) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(20));
  }
  return false;
}

std::string LastError(const std::filesystem::path& log) {
  std::string found;
  try {
    const std::string text = ReadFile(log, std::uint64_t{1} << 24);
    for (const NumberedLine& line : NumberedLines(text)) {
      if (line.text.starts_with("error: ")) found = line.text.substr(7);
    }
  } catch (const Error&) {
    found.clear();  // no log: nothing was said
  }
  return found;
}

}  // namespace

ScoreOutcome RunScoreProcess(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                             const std::atomic<bool>& stop, std::chrono::seconds limit) {
  const pid_t child = Spawn(arguments, log);
  ScoreOutcome outcome;
  int status = 0;
  if (!WaitFor(child, limit, &stop, &status)) {
    outcome.end = stop ? ScoreOutcome::End::kStopped : ScoreOutcome::End::kTimedOut;
    kill(-child, SIGTERM);
    if (!WaitFor(child, std::chrono::seconds(2), nullptr, &status)) {
      kill(-child, SIGKILL);
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
    }
    return outcome;
  }
  if (WIFSIGNALED(status)) {
    outcome.end = ScoreOutcome::End::kCrashed;
    outcome.signal = WTERMSIG(status);
  } else {
    outcome.exit_status = WEXITSTATUS(status);
  }
  outcome.problem = LastError(log);
  return outcome;
}

}  // namespace seam::serve
