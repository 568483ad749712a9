#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seam {

// A CSV file with a line of column names (any case, any order). Rows count from 0. An Error names the file
// and, for a row, its line. 128 MiB at most. Fields are apart by commas; where the first line has none, by
// semicolons or tabs, as spreadsheets write them where the comma is the decimal point. UTF-8, or UTF-16 with
// a byte-order mark; UTF-32 is refused by name. Lines may end as on old Macs.
class CsvTable {
 public:
  explicit CsvTable(std::filesystem::path path);
  // Of `text`, which is or was to be the content of `path`.
  CsvTable(std::filesystem::path path, std::string_view text);

  const std::filesystem::path& path() const { return path_; }
  std::size_t size() const { return rows_.size(); }
  bool Has(const std::string& column) const { return Find(column).has_value(); }
  // Whether numbers may have a comma for a decimal point.
  bool HasDecimalCommas() const { return separator_ != ','; }
  // An Error when there is no such column.
  void Require(const std::string& column) const;
  // As it stands, or without the spaces around it; empty where there is no such column.
  std::string Raw(std::size_t row, const std::string& column) const;
  std::string Field(std::size_t row, const std::string& column) const;
  // Problem with a row: `FILE: line 3: problem`.
  Error Wrong(std::size_t row, const std::string& problem, const std::string& hint = {}) const;

 private:
  std::optional<std::size_t> Find(const std::string& column) const;

  std::filesystem::path path_;
  char separator_ = ',';
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> lines_;
};

}  // namespace seam
