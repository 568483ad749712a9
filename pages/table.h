#pragma once

#include <string>
#include <vector>

namespace seam {

// A table of texts; the first column names the rows.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

// Columns in line, the first to the left and the others to the right, each line indented by two spaces. Texts
// are made printable.
std::string ToText(const Table& table);
std::string ToMarkdown(const Table& table);
std::string ToCsv(const Table& table);
std::string ToHtml(const Table& table);

// `text` as it may stand between HTML tags and in attributes.
std::string EscapeHtml(const std::string& text);

}  // namespace seam
