#pragma once

#include <string>
#include <vector>

#include "base/csv_table.h"
#include "scores/score_columns.h"
#include "scores/score_row.h"

namespace seam {

// The CSV form of score files: use scores/score_file.h.
std::string ScoreCsvHeader();
std::string ScoreCsvLine(const ScoreRow& row);
// `assumed`, where given, gets a line for each thing that the table does not say and that was taken for
// granted.
std::vector<ScoreRow> ReadScoreCsv(const CsvTable& table, const ScoreColumns& columns = {},
                                   std::vector<std::string>* assumed = nullptr);

}  // namespace seam
