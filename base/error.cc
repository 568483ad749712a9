#include "base/error.h"

#include <fmt/format.h>

namespace seam {

Error::Error(const std::string& subject, const std::string& problem, std::string hint, ExitCode exit_code)
    : std::runtime_error(subject.empty() ? Printable(problem) : Printable(subject) + ": " + Printable(problem)),
      hint_(Printable(hint)),
      exit_code_(exit_code) {}

Error UsageError(const std::string& subject, const std::string& problem, std::string hint) {
  return Error(subject, problem, std::move(hint), kExitUsage);
}

std::string Printable(const std::string& text) {
  std::string printable;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      printable += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      printable += fmt::format("\\x{:02x}", byte);
    } else {
      printable += c;
    }
  }
  return printable;
}

}  // namespace seam
