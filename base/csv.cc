#include "base/csv.h"

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line + '\n';
}

std::vector<std::vector<std::string>> ParseCsv(std::string_view text, const std::string& subject,
                                               std::vector<std::size_t>* lines, char separator) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row(1);
  bool quoted = false;
  std::size_t line = 1, opened = 0, begun = 1;
  const auto end_row = [&] {
    if (row.size() > 1 || !row[0].empty()) {
      rows.push_back(std::move(row));
      if (lines != nullptr) lines->push_back(begun);
    }
    row.assign(1, {});
    begun = line;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        row.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        row.back() += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && row.back().empty()) {
      quoted = true;
      opened = line;
    } else if (c == separator) {
      row.emplace_back();
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  if (quoted) throw Error(subject, fmt::format("line {}: a quote is never closed", opened));
  end_row();
  return rows;
}

}  // namespace seam
