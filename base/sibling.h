#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace seam {

// Where the programs are: the folder of this very program. In a library that another program has loaded it is
// the folder `bin` beside the library's, one or two levels up. Empty where /proc is not there to tell.
std::filesystem::path ProgramFolder();

// The program of a verb of `seam`: seam-VERB in that folder.
std::filesystem::path FindProgram(const std::string& verb);

// Whether that program is there.
bool HasSibling(const std::string& verb);

// Never returns: this process is the verb's program from here on. An Error when that is not there or cannot
// be run.
[[noreturn]] void BecomeSibling(const std::string& verb, std::vector<std::string> arguments);

// Runs it and waits; returns its exit status. Its standard output is thrown away, its talk goes where ours
// goes. An Error when it is not there, cannot be run, or was killed by a signal.
int RunSibling(const std::string& verb, const std::vector<std::string>& arguments);

// Starts it and does not wait; returns its process id. Its descriptors are `descriptors`, as 3, 4 and so on;
// its standard streams lead nowhere, and of the environment it gets what loading needs. Errors as above.
pid_t StartSibling(const std::string& verb, const std::vector<std::string>& arguments,
                   const std::vector<int>& descriptors);

// Runs it beside this process, which reads its standard output; both end with this. An Error when it is not
// there or cannot be run.
class SiblingOutput {
 public:
  SiblingOutput(const std::string& verb, const std::vector<std::string>& arguments);
  ~SiblingOutput();
  SiblingOutput(const SiblingOutput&) = delete;
  SiblingOutput& operator=(const SiblingOutput&) = delete;

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  pid_t pid_ = -1;
};

}  // namespace seam
