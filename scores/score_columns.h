#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/csv_table.h"

namespace seam {

// Where a table of another program has what Seam's score files hold (docs/evaluation.md has the names that
// are known). A column that is named Seam's way always wins.
class ScoreColumns {
 public:
  ScoreColumns() = default;
  // `path=NAME,score=NAME,label=NAME`: which columns of a file are meant, any of path, score, label, status,
  // method, split, dataset. A UsageError about `option` for anything else.
  ScoreColumns(const std::string& option, const std::string& mapping);

  // The table's own column for `name`, or `name` itself where it has none. `assumed` gets a
  // line when another column is taken for it. Where it is null, only filename, file and video are, for the
  // path.
  std::string Find(const CsvTable& table, const std::string& name, std::vector<std::string>* assumed) const;

  // Whether the user named the column.
  bool IsNamed(const std::string& name) const { return named_.count(name) > 0; }

 private:
  std::map<std::string, std::string> named_;
};

}  // namespace seam
