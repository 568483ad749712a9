#include "base/program.h"

#include <malloc.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <system_error>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/version.h"

namespace seam {

namespace {

// Results that nobody got are a failure: a full disk, a reader that went away.
void FlushResults() {
  errno = 0;
  const bool written = std::cout.flush().good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written) return;
  const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : "";
  throw Error("standard output", "cannot be written" + reason);
}

}  // namespace

std::string Version() { return SEAM_VERSION; }

int RunProgram(int argc, char** argv, const std::function<int(const std::vector<std::string>&)>& body) {
  InstallInterruptHandler();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow any more is an error of write()
  try {
    const int status = body(std::vector<std::string>(argv + 1, argv + argc));
    FlushResults();
    return status;
  } catch (const Error& error) {
    SayError(error);
    return error.exit_code();
  } catch (const std::filesystem::filesystem_error& error) {
    SayError(Error(error.path1().string(), error.code().message()));
  } catch (const std::system_error& error) {
    // fmt::print() throws these: a full disk, a reader of the output that went away.
    SayError(Error("", error.what()));
  } catch (const std::bad_alloc&) {
    SayError(Error("", "out of memory", "fewer --jobs or a smaller --batch need less"));
  } catch (const std::exception& error) {
    SayError(
        Error("", std::string("unexpected: ") + error.what(), "this is a fault of seam; please report it"));
  }
  return kExitFailed;
}

void KeepLargeBlocks() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

}  // namespace seam
