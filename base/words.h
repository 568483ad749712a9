#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seam {

// The words of a command line as a POSIX shell parts them: at spaces, but for what stands between quotes or
// behind a backslash. Nothing else means anything: no variables, no patterns. A UsageError about `subject`
// where a quote is never closed.
std::vector<std::string> SplitWords(const std::string& subject, std::string_view line);

// Without the blanks, tabs and line ends around it.
std::string Trimmed(std::string_view text);

}  // namespace seam
