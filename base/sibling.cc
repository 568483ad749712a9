#include "base/sibling.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

std::filesystem::path ProgramOf(const std::string& verb) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / ("seam-" + verb);
}

void BecomeSibling(const std::string& verb, std::vector<std::string> arguments) {
  std::string program = ProgramOf(verb).string();
  std::vector<char*> argv = {program.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  if (errno == ENOENT) {
    throw Error(program, fmt::format("seam {} is not built", verb),
                "docs/building.md says what each program needs");
  }
  throw Error(program, fmt::format("cannot be run: {}", std::strerror(errno)));
}

int RunSibling(const std::string& verb, const std::vector<std::string>& arguments) {
  const std::string program = ProgramOf(verb).string();
  if (access(program.c_str(), X_OK) != 0) {
    throw Error(program, fmt::format("seam {} is not built", verb),
                "docs/building.md says what each program needs");
  }
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int code = posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw Error(program, fmt::format("cannot be run: {}", std::strerror(code)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error(program, fmt::format("was lost: {}", std::strerror(errno)));
  }
  if (WIFSIGNALED(status)) throw Error(program, fmt::format("was killed by signal {}", WTERMSIG(status)));
  return WEXITSTATUS(status);
}

}  // namespace seam
