#include "base/program.h"

#include <csignal>
#include <exception>
#include <new>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/version.h"

namespace seam {

std::string Version() { return SEAM_VERSION; }

int RunProgram(int argc, char** argv, const std::function<int(const std::vector<std::string>&)>& body) {
  InstallInterruptHandler();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return body(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const Error& error) {
    SayError(error);
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    SayError(Error("", "out of memory", "fewer --jobs or a smaller --batch need less"));
  } catch (const std::exception& error) {
    SayError(Error("", std::string("unexpected: ") + error.what(), "this is a fault of seam; please report it"));
  }
  return kExitFailed;
}

}  // namespace seam
