#pragma once

#include <stdexcept>
#include <string>

namespace seam {

// How a program ends. What a user's script may rely on: README.md.
enum ExitCode {
  kExitGood = 0,
  kExitFailed = 1,      // nothing useful was done
  kExitUsage = 2,       // the command line makes no sense
  kExitSomeFailed = 3,  // finished, but some inputs failed; each is listed
  kExitVerdict = 4,     // finished, and `seam infer --fail-on` found what it was to look for
};

// The one exception of the project: something the user named is wrong. what() is one line,
// `SUBJECT: what failed`, where SUBJECT is a file or an option; hint() says what to do, and may be empty.
class Error : public std::runtime_error {
 public:
  Error(const std::string& subject, const std::string& problem, std::string hint = {},
        ExitCode exit_code = kExitFailed);

  const std::string& hint() const { return hint_; }
  ExitCode exit_code() const { return exit_code_; }

 private:
  std::string hint_;
  ExitCode exit_code_;
};

// An Error about the command line: the program ends with kExitUsage.
Error UsageError(const std::string& subject, const std::string& problem, std::string hint = {});

// `text` with control characters, line ends among them, written as escapes (\n, \x1b): fit for one line of a
// terminal, whatever a file is called.
std::string Printable(const std::string& text);

}  // namespace seam
