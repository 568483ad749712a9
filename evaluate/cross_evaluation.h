#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/evaluation.h"
#include "pages/table.h"

namespace seam {

// Several models (one score file each) by several datasets (the rows' column dataset): one metric in each
// cell, with its interval. Where a dataset's videos lack a class, or a file has none of them, the cell is
// empty.
struct CrossTest {
  MetricEntry metric;
  std::vector<std::string> models, datasets;  // the last dataset is "all"
  std::vector<std::vector<Slice>> cells;      // [model][dataset]; without metrics where empty
  const Measured* At(std::size_t model, std::size_t dataset) const;  // nullptr where empty
};

// `metric` is a key of Metrics(); an Error lists the keys.
CrossTest MakeCrossTest(const std::vector<Evaluation>& evaluations, const std::string& metric);

Table ToTable(const CrossTest& cross);
// A row for each cell, for programs.
Table ToLongTable(const CrossTest& cross);
nlohmann::ordered_json ToJson(const CrossTest& cross);

}  // namespace seam
