#pragma once

namespace seam {

// After this, the first SIGINT or SIGTERM only makes Interrupted() true, so that loops over files can end
// where nothing is half done; a second one kills the program.
void InstallInterruptHandler();

// Whether the user asked to stop. Cheap; any thread.
bool Interrupted();

}  // namespace seam
