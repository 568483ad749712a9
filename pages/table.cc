#include "pages/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/error.h"

namespace seam {
namespace {

// Columns on a terminal: bytes that only continue a UTF-8 character take none.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string EscapeMarkdown(const std::string& text) {
  std::string escaped;
  for (const char byte : Printable(text)) {
    if (byte == '|' || byte == '\\' || byte == '*' || byte == '_' || byte == '<' || byte == '`')
      escaped += '\\';
    escaped += byte;
  }
  return escaped;
}

}  // namespace

std::string ToText(const Table& table) {
  std::vector<std::vector<std::string>> lines = {table.columns};
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  std::vector<std::size_t> widths(table.columns.size(), 0);
  for (auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i] = Printable(line[i]);
      widths[i] = std::max(widths[i], Width(line[i]));
    }
  }
  std::string text = table.title.empty() ? "" : Printable(table.title) + "\n";
  for (const auto& line : lines) {
    std::string row = "  ";
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - Width(line[i]), ' ');
      row += (i == 0 ? line[i] + space : "  " + space + line[i]);
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string ToMarkdown(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const auto& cell : cells) text += " " + EscapeMarkdown(cell) + " |";
    return text + "\n";
  };
  std::string text = table.title.empty() ? "" : "**" + EscapeMarkdown(table.title) + "**\n\n";
  text += line(table.columns) + "|---|";
  for (std::size_t i = 1; i < table.columns.size(); ++i) text += "---:|";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  return text;
}

std::string ToCsv(const Table& table) {
  std::string text = CsvLine(table.columns);
  for (const auto& row : table.rows) text += CsvLine(row);
  return text;
}

std::string EscapeHtml(const std::string& text) {
  std::string escaped;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += byte;
    }
  }
  return escaped;
}

std::string ToHtml(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells, const char* tag) {
    std::string text = "<tr>";
    for (const auto& cell : cells) text += fmt::format("<{}>{}</{}>", tag, EscapeHtml(Printable(cell)), tag);
    return text + "</tr>\n";
  };
  std::string text = "<table class=\"numbers\">\n";
  if (!table.title.empty()) text += "<caption>" + EscapeHtml(Printable(table.title)) + "</caption>\n";
  text += "<thead>" + line(table.columns, "th") + "</thead>\n<tbody>\n";
  for (const auto& row : table.rows) text += line(row, "td");
  return text + "</tbody></table>\n";
}

}  // namespace seam
