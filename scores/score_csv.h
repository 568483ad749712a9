#pragma once

#include <string>
#include <vector>

#include "base/csv_table.h"
#include "scores/score_row.h"

namespace seam {

// The CSV form of score files: use scores/score_file.h.
std::string ScoreCsvHeader();
std::string ScoreCsvLine(const ScoreRow& row);
std::vector<ScoreRow> ReadScoreCsv(const CsvTable& table);

}  // namespace seam
