#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace seam {

// A CSV file with a line of column names (any case, any order). Rows count from 0. An Error names the file
// and, for a row, its line. 128 MiB at most.
class CsvTable {
 public:
  explicit CsvTable(std::filesystem::path path);

  std::size_t size() const { return rows_.size(); }
  bool Has(const std::string& column) const { return Find(column).has_value(); }
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
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> lines_;
};

// 1 for "1" and "fake", 0 for "0" and "real", in upper or lower case; nothing for other texts.
std::optional<int> ParseLabel(const std::string& text);

}  // namespace seam
