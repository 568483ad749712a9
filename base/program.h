#pragma once

#include <functional>
#include <string>
#include <vector>

namespace seam {

// The frame of every program. Runs `body` on the arguments after the program's name and returns the exit
// status for main(). An Error, or what std::filesystem throws, is printed on stderr as one line and its hint.
// From here on SIGINT and SIGTERM ask the program to stop (base/interrupt.h) instead of killing it, and
// SIGPIPE and SIGXFSZ are ignored. Results that could not be written to stdout are an Error too.
int RunProgram(int argc, char** argv, const std::function<int(const std::vector<std::string>&)>& body);

// From here on freed memory of any size stays with the program. Networks need tensors of many megabytes again
// and again; by default each is mapped anew, and the system clears its pages each time.
void KeepLargeBlocks();

}  // namespace seam
