#include "base/sibling.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

namespace {

namespace fs = std::filesystem;

fs::path FindProgramFolder() {
  Dl_info found = {};
  link_map* map = nullptr;
  const bool known = dladdr1(reinterpret_cast<const void*>(&ProgramFolder), &found,
                             reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0;
  // The program itself has no name among what the loader has mapped.
  const bool library = known && map != nullptr && map->l_name[0] != '\0';
  std::error_code ignored;
  if (!library) return fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path folder = fs::canonical(map->l_name).parent_path();
  const fs::path near = folder.parent_path() / "bin", far = folder.parent_path().parent_path() / "bin";
  return !fs::is_directory(near) && fs::is_directory(far) ? far : near;
}

}  // namespace

fs::path ProgramFolder() {
  static const fs::path folder = FindProgramFolder();
  return folder;
}

fs::path FindProgram(const std::string& verb) {
  if (ProgramFolder().empty()) throw Error("/proc/self/exe", "cannot be read", "is /proc mounted?");
  return ProgramFolder() / ("seam-" + verb);
}

bool HasSibling(const std::string& verb) { return access(FindProgram(verb).c_str(), X_OK) == 0; }

void BecomeSibling(const std::string& verb, std::vector<std::string> arguments) {
  std::string program = FindProgram(verb).string();
  std::vector<char*> argv = {program.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  if (errno == ENOENT) {
    throw Error(program, fmt::format("seam {} is not built", verb),
                "make build, or the package seam-train; docs/building.md says what each program needs");
  }
  throw Error(program, fmt::format("cannot be run: {}", std::strerror(errno)));
}

namespace {

void CheckIsBuilt(const std::string& verb) {
  if (HasSibling(verb)) return;
  throw Error(FindProgram(verb).string(), fmt::format("seam {} is not built", verb),
              "docs/building.md says what each program needs");
}

// Starts the verb's program and does not wait.
pid_t Spawn(const std::string& verb, const std::vector<std::string>& arguments,
            const posix_spawn_file_actions_t& actions, char** environment = environ) {
  CheckIsBuilt(verb);
  const std::string program = FindProgram(verb).string();
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int code = posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environment);
  if (code != 0) throw Error(program, fmt::format("cannot be run: {}", std::strerror(code)));
  return child;
}

// Where the child's standard output goes.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

int RunSibling(const std::string& verb, const std::vector<std::string>& arguments) {
  FileActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const pid_t child = Spawn(verb, arguments, *actions.get());
  const std::string program = FindProgram(verb).string();
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error(program, fmt::format("was lost: {}", std::strerror(errno)));
  }
  if (WIFSIGNALED(status)) throw Error(program, fmt::format("was killed by signal {}", WTERMSIG(status)));
  return WEXITSTATUS(status);
}

pid_t StartSibling(const std::string& verb, const std::vector<std::string>& arguments,
                   const std::vector<int>& descriptors) {
  // Copies far above the numbers that they get, so that none takes the place of another.
  constexpr int kFirst = 3, kFarAbove = 64;
  std::vector<int> copies;
  const auto close_copies = [&] {
    for (const int copy : copies) close(copy);
  };
  FileActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(actions.get(), STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  for (const int descriptor : descriptors) {
    copies.push_back(fcntl(descriptor, F_DUPFD_CLOEXEC, kFarAbove));
    if (copies.back() < 0) {
      const int code = errno;
      copies.pop_back();
      close_copies();
      throw Error(FindProgram(verb).string(),
                  fmt::format("cannot be given a descriptor: {}", std::strerror(code)));
    }
    posix_spawn_file_actions_adddup2(actions.get(), copies.back(),
                                     kFirst + static_cast<int>(copies.size()) - 1);
  }
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    for (const std::string_view kept : {"LD_", "ASAN_", "LSAN_", "UBSAN_", "TSAN_"}) {
      if (line.starts_with(kept)) environment.push_back(*entry);
    }
  }
  std::string one_thread = "OPENBLAS_NUM_THREADS=1";  // OpenCV loads it, and it starts its threads at once
  environment.push_back(one_thread.data());
  environment.push_back(nullptr);
  try {
    const pid_t child = Spawn(verb, arguments, *actions.get(), environment.data());
    close_copies();
    return child;
  } catch (...) {
    close_copies();
    throw;
  }
}

SiblingOutput::SiblingOutput(const std::string& verb, const std::vector<std::string>& arguments) {
  CheckIsBuilt(verb);
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(FindProgram(verb).string(), fmt::format("no pipe: {}", std::strerror(errno)));
  }
  fd_ = ends[0];
  FileActions actions;
  posix_spawn_file_actions_adddup2(actions.get(), ends[1], STDOUT_FILENO);
  try {
    pid_ = Spawn(verb, arguments, *actions.get());
  } catch (...) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
  close(ends[1]);
}

SiblingOutput::~SiblingOutput() {
  close(fd_);
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace seam
