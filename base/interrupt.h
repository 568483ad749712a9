#pragma once

#include "base/cancel.h"

namespace seam {

// After this, the first SIGINT or SIGTERM only cancels InterruptToken(), so that loops over files can end
// where nothing is half done; a second one kills the program.
void InstallInterruptHandler();

// Cancelled as soon as the user asks to stop. For programs, which pass it down; libraries take a token.
CancelToken InterruptToken();

// Whether the user asked to stop. Cheap; any thread.
bool Interrupted();

}  // namespace seam
