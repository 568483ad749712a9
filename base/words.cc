#include "base/words.h"

#include "base/error.h"

namespace seam {

std::vector<std::string> SplitWords(const std::string& subject, std::string_view line) {
  std::vector<std::string> words;
  bool inside = false;  // a word
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (quote == 0 && space) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      // Between double quotes a backslash keeps its meaning before these two alone.
      const char next = line[i + 1];
      if (quote == '"' && next != '"' && next != '\\') {
        words.back() += c;
      } else {
        words.back() += next;
        ++i;
      }
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) throw UsageError(subject, "a quote is never closed", std::string(line));
  return words;
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kSpaces) - first + 1));
}

}  // namespace seam
