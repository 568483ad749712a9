#include "base/csv_table.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/files.h"

namespace seam {

namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{128} << 20;

std::string Trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

CsvTable::CsvTable(std::filesystem::path path) : path_(std::move(path)) {
  auto rows = ParseCsv(ReadFile(path_, kMaxBytes), path_.string(), &lines_);
  if (rows.empty()) throw Error(path_.string(), "is empty", "the first line names the columns");
  for (const auto& name : rows.front()) columns_.push_back(Lower(Trimmed(name)));
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

std::optional<int> ParseLabel(const std::string& text) {
  const std::string lower = Lower(text);
  if (lower == "1" || lower == "fake") return 1;
  if (lower == "0" || lower == "real") return 0;
  return std::nullopt;
}

}  // namespace seam
