#include "base/csv_table.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/files.h"
#include "base/lower_case.h"
#include "base/words.h"

namespace seam {

namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{128} << 20;

// A comma where the line of names has one.
char FindSeparator(std::string_view text) {
  const std::string_view names = text.substr(0, text.find_first_of("\r\n"));
  for (const char separator : {',', ';', '\t'}) {
    if (names.find(separator) != std::string_view::npos) return separator;
  }
  return ',';
}

void AppendUtf8(std::uint32_t point, std::string* text) {
  const auto add = [&](std::uint32_t byte) { *text += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | (point >> 6));
    add(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    add(0xe0 | (point >> 12));
    add(0x80 | ((point >> 6) & 0x3f));
    add(0x80 | (point & 0x3f));
  } else {
    add(0xf0 | (point >> 18));
    add(0x80 | ((point >> 12) & 0x3f));
    add(0x80 | ((point >> 6) & 0x3f));
    add(0x80 | (point & 0x3f));
  }
}

// UTF-16, with its byte-order mark or every second byte of a name's beginning 0, in UTF-8; half a surrogate
// pair becomes U+FFFD.
std::optional<std::string> FromUtf16(std::string_view bytes) {
  const auto zeros = [&](std::size_t first) {
    return bytes.size() > 3 && bytes[first] == 0 && bytes[first + 2] == 0 && bytes[1 - first] != 0;
  };
  const bool marked = bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff");
  const bool little = bytes.starts_with("\xff\xfe") || zeros(1),
             big = bytes.starts_with("\xfe\xff") || zeros(0);
  if (!little && !big) return std::nullopt;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    const auto first = static_cast<unsigned char>(bytes[i]),
               second = static_cast<unsigned char>(bytes[i + 1]);
    return little ? first | second << 8 : first << 8 | second;
  };
  std::string text;
  for (std::size_t i = marked ? 2 : 0; i + 1 < bytes.size(); i += 2) {
    std::uint32_t point = unit(i);
    if (point >= 0xd800 && point < 0xe000) {
      const std::uint32_t low = point < 0xdc00 && i + 3 < bytes.size() ? unit(i + 2) : 0;
      const bool pair = low >= 0xdc00 && low < 0xe000;
      point = pair ? 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
      if (pair) i += 2;
    }
    AppendUtf8(point, &text);
  }
  return text;
}

// With its byte-order mark, or with the first character's other bytes 0.
bool IsUtf32(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 4);
  if (head.size() < 4) return false;
  const std::string_view zeros("\0\0\0", 3);
  return head.substr(1) == zeros || head.substr(0, 3) == zeros ||
         head == std::string_view("\xff\xfe\0\0", 4) || head == std::string_view("\0\0\xfe\xff", 4);
}

// Other kinds of files that people take for tables.
void RefuseNoTable(const std::filesystem::path& path, std::string_view text) {
  if (text.starts_with("version https://git-lfs"))
    throw Error(path.string(), "is a Git LFS pointer, not the table itself", "fetch it with: git lfs pull");
  if (text.starts_with("PK\3\4"))
    throw Error(path.string(), "is a spreadsheet or archive (zip), not a CSV file", "save the table as CSV");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const std::string_view head = first == std::string_view::npos ? "" : text.substr(first);
  if (head.starts_with('{') || head.starts_with("[{") || head.starts_with("[\n"))
    throw Error(path.string(), "is JSON, not a CSV file",
                "a table has a line path,label and one for each file; folders with a metadata.json are "
                "--dataset dfdc");
  if (text.starts_with("<!") || text.starts_with("<html"))
    throw Error(path.string(), "is a web page, not a CSV file", "download the table itself");
}

}  // namespace

CsvTable::CsvTable(std::filesystem::path path) : CsvTable(path, ReadFile(path, kMaxBytes)) {}

CsvTable::CsvTable(std::filesystem::path path, std::string_view text) : path_(std::move(path)) {
  if (IsUtf32(text)) throw Error(path_.string(), "is a table in UTF-32", "save it as UTF-8");
  const std::optional<std::string> utf8 = FromUtf16(text);
  if (utf8) text = *utf8;
  // Lines that end as on old Macs.
  std::string lines;
  if (text.find('\n') == std::string_view::npos) {
    lines = text;
    std::replace(lines.begin(), lines.end(), '\r', '\n');
    text = lines;
  }
  RefuseNoTable(path_, text);
  separator_ = FindSeparator(text);
  auto rows = ParseCsv(text, path_.string(), &lines_, separator_);
  if (rows.empty()) throw Error(path_.string(), "is empty", "the first line names the columns");
  for (const auto& name : rows.front()) columns_.push_back(LowerCase(Trimmed(name)));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].empty() || *Find(columns_[i]) == i) continue;
    throw Error(path_.string(), fmt::format("names the column '{}' twice", columns_[i]), "remove one");
  }
  lines_.erase(lines_.begin());
  rows_.assign(std::make_move_iterator(rows.begin() + 1), std::make_move_iterator(rows.end()));
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].size() == columns_.size()) continue;
    throw Wrong(i, fmt::format("{} fields, but the first line names {}", rows_[i].size(), columns_.size()));
  }
}

void CsvTable::Require(const std::string& column) const {
  if (Has(column)) return;
  throw Error(path_.string(), fmt::format("has no column '{}'", column),
              fmt::format("the first line names: {}", fmt::join(columns_, ", ")));
}

std::string CsvTable::Raw(std::size_t row, const std::string& column) const {
  const auto index = Find(column);
  return index ? rows_[row][*index] : "";
}

std::string CsvTable::Field(std::size_t row, const std::string& column) const {
  return Trimmed(Raw(row, column));
}

Error CsvTable::Wrong(std::size_t row, const std::string& problem, const std::string& hint) const {
  return Error(path_.string(), fmt::format("line {}: {}", lines_[row], problem), hint);
}

std::optional<std::size_t> CsvTable::Find(const std::string& column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

}  // namespace seam
