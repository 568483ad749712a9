#include "base/error.h"

#include <fmt/format.h>

namespace seam {

Error::Error(const std::string& subject, const std::string& problem, std::string hint, ExitCode exit_code)
    : std::runtime_error(subject.empty() ? Printable(problem)
                                         : Printable(subject) + ": " + Printable(problem)),
      hint_(Printable(hint)),
      exit_code_(exit_code) {}

Error UsageError(const std::string& subject, const std::string& problem, std::string hint) {
  return Error(subject, problem, std::move(hint), kExitUsage);
}

std::string Printable(const std::string& text) {
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == '\n') {
      printable += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      printable += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // U+0080 to U+009F in UTF-8
      printable += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      printable += text[i];
    }
  }
  return printable;
}

}  // namespace seam
