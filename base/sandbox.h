#pragma once

#include <cstdint>
#include <string>

namespace seam {

// What a process that reads hostile files gives up before it reads the first byte. None of it comes back.

// The most that this process may take. 0: as much as there is.
struct ProcessLimits {
  std::uint64_t address_bytes = 0;
  std::uint64_t cpu_seconds = 0;
  std::uint64_t descriptors = 0;
};

// From here on those limits hold, no file grows, and a crash leaves no core. Builds with sanitizers map
// terabytes: there address_bytes is passed over. An Error when the kernel refuses.
void LimitProcess(const ProcessLimits& limits);

// Why EnterSandbox() would fail here, as a clause; "" where it works.
std::string SandboxProblem();

// From here on this process computes, asks for memory, starts threads of its own, and reads and writes what
// is open. Any other system call (opening a file, a socket, another program, another process) kills it with
// SIGSYS. Landlock, where the kernel has it, closes the file system once more. Threads that run already are
// bound by the system calls, too. An Error when the kernel refuses.
void EnterSandbox();

}  // namespace seam
