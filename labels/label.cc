#include "labels/label.h"

#include <algorithm>
#include <cctype>

namespace seam {

std::optional<Label> ParseLabel(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "1" || lower == "1.0" || lower == "fake" || lower == "true") return FAKE;
  if (lower == "0" || lower == "0.0" || lower == "real" || lower == "false") return REAL;
  return std::nullopt;
}

std::string_view NameOf(Label label) { return label == FAKE ? "fake" : "real"; }

std::string PathColumn(const CsvTable& table) {
  for (const char* column : {"path", "filename", "file", "video"}) {
    if (table.Has(column)) return column;
  }
  table.Require("path");
  return "path";
}

}  // namespace seam
