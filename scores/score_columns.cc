#include "scores/score_columns.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/lower_case.h"

namespace seam {
namespace {

// Other programs' names, the likeliest first.
const std::map<std::string, std::vector<std::string>>& OtherNames() {
  static const std::map<std::string, std::vector<std::string>> names = {
      {"path",
       {"filename", "file", "video", "key", "video_path", "video_name", "image_path", "img_path", "image",
        "name", "id"}},
      {"score",
       {"prob", "pred", "prediction", "fake_prob", "p_fake", "fake_score", "video_score", "y_score", "y_pred",
        "probability"}},
      {"label", {"target", "gt", "ground_truth", "y_true", "class", "is_fake"}},
      {"method", {"manipulation", "compression_method"}},
      {"split", {"set", "subset"}},
      {"dataset", {"source_dataset"}},
      {"status", {}},
  };
  return names;
}

}  // namespace

ScoreColumns::ScoreColumns(const std::string& option, const std::string& mapping) {
  if (mapping.empty()) return;
  std::vector<std::string> known;
  for (const auto& [name, others] : OtherNames()) known.push_back(name);
  for (const std::string& part : SplitAtCommas(mapping)) {
    const std::size_t sign = part.find('=');
    const std::string name = part.substr(0, sign);
    if (sign == std::string::npos || sign + 1 == part.size() || OtherNames().count(name) == 0) {
      throw UsageError(option, fmt::format("'{}' is not NAME=COLUMN", part),
                       fmt::format("as in path=file,score=prob; NAME is one of: {}", fmt::join(known, ", ")));
    }
    if (!named_.emplace(name, LowerCase(part.substr(sign + 1))).second)
      throw UsageError(option, fmt::format("names the column of '{}' twice", name), "leave one out");
  }
}

std::string ScoreColumns::Find(const CsvTable& table, const std::string& name,
                               std::vector<std::string>* assumed) const {
  if (const auto named = named_.find(name); named != named_.end()) {
    table.Require(named->second);
    return named->second;
  }
  if (table.Has(name)) return name;
  for (const std::string& other : OtherNames().at(name)) {
    // Without somebody to tell, only names that leave no doubt.
    if (assumed == nullptr &&
        !(name == "path" && (other == "filename" || other == "file" || other == "video")))
      continue;
    // A column that the user named for something else is not free.
    const bool taken =
        std::any_of(named_.begin(), named_.end(), [&](const auto& row) { return row.second == other; });
    if (!table.Has(other) || taken) continue;
    if (assumed != nullptr) assumed->push_back(fmt::format("column '{}' is taken for the {}", other, name));
    return other;
  }
  return name;
}

}  // namespace seam
