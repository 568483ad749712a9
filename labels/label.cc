#include "labels/label.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <map>

namespace seam {
namespace {

// An Error with the first name where the table has none of them.
std::string ColumnCalled(const CsvTable& table, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (table.Has(name)) return name;
  }
  table.Require(*names.begin());
  return *names.begin();
}

}  // namespace

std::optional<Label> LabelOfWord(const std::string& word) {
  static const std::map<std::string, Label> labels = {
      {"real", REAL},        {"reals", REAL},       {"original", REAL},      {"originals", REAL},
      {"pristine", REAL},    {"authentic", REAL},   {"genuine", REAL},       {"bonafide", REAL},
      {"unaltered", REAL},   {"untampered", REAL},  {"unmanipulated", REAL}, {"nature", REAL},
      {"actual", REAL},      {"spoof", FAKE},       {"spoofed", FAKE},       {"swapped", FAKE},
      {"ai", FAKE},          {"fake", FAKE},        {"fakes", FAKE},         {"deepfake", FAKE},
      {"deepfakes", FAKE},   {"manipulated", FAKE}, {"synthetic", FAKE},     {"synthesis", FAKE},
      {"synthesized", FAKE}, {"forged", FAKE},      {"forgery", FAKE},       {"tampered", FAKE},
      {"altered", FAKE},     {"generated", FAKE},   {"manipulation", FAKE}};
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

std::string_view GetName(Label label) { return label == FAKE ? "fake" : "real"; }

std::string PathColumn(const CsvTable& table) {
  return ColumnCalled(table, {"path", "filename", "file", "video", "file path", "file_path", "filepath",
                              "file_name", "video_path", "video_name", "image_path", "img_path", "image"});
}

std::string LabelColumn(const CsvTable& table) {
  return ColumnCalled(table, {"label", "target", "gt", "ground_truth", "y_true", "class", "is_fake"});
}

}  // namespace seam
