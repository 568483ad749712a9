#pragma once

#include <functional>
#include <string>
#include <vector>

namespace seam {

// The frame of every program: runs `body` on the arguments after the program's name, prints an Error (or what
// std::filesystem throws) as one line and its hint on stderr, and returns the exit status for main(). From
// here on SIGINT and SIGTERM ask the program to stop (base/interrupt.h) instead of killing it, and SIGPIPE
// and SIGXFSZ are ignored. Results that could not be written to stdout are an Error too.
int RunProgram(int argc, char** argv, const std::function<int(const std::vector<std::string>&)>& body);

// From here on freed memory of any size stays with the program. Networks need tensors of many megabytes again
// and again; by default each is mapped anew, and the system clears its pages each time.
void KeepLargeBlocks();

}  // namespace seam
