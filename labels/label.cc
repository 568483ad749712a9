#include "labels/label.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace seam {

std::optional<Label> LabelOfWord(const std::string& word) {
  static const std::map<std::string, Label> labels = {
      {"real", REAL},        {"reals", REAL},       {"original", REAL},  {"originals", REAL},
      {"pristine", REAL},    {"authentic", REAL},   {"genuine", REAL},   {"bonafide", REAL},
      {"fake", FAKE},        {"fakes", FAKE},       {"deepfake", FAKE},  {"deepfakes", FAKE},
      {"manipulated", FAKE}, {"synthetic", FAKE},   {"synthesis", FAKE}, {"synthesized", FAKE},
      {"forged", FAKE},      {"forgery", FAKE},     {"tampered", FAKE},  {"altered", FAKE},
      {"generated", FAKE},   {"manipulation", FAKE}};
  const auto found = labels.find(word);
  return found == labels.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Label> ParseLabel(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "1" || lower == "1.0" || lower == "true") return FAKE;
  if (lower == "0" || lower == "0.0" || lower == "false") return REAL;
  return LabelOfWord(lower);
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
