#include "base/interrupt.h"

#include <csignal>

namespace seam {
namespace {

// Lives until the process ends, since a signal may come at any time.
const CancelSource& Source() {
  static const auto* source = new CancelSource();
  return *source;
}

void OnSignal(int signal) {
  Source().Cancel();
  std::signal(signal, SIG_DFL);
}

}  // namespace

void InstallInterruptHandler() {
  Source();  // made before a signal can come: a handler must not allocate
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
}

CancelToken InterruptToken() { return Source().token(); }

bool Interrupted() { return Source().token().Cancelled(); }

}  // namespace seam
