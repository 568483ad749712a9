#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scores/score_row.h"

namespace seam {

// The JSON lines form of score files: use scores/score_file.h.
std::string ScoreJsonLine(const ScoreRow& row);
// `subject` names the file in Errors.
std::vector<ScoreRow> ReadScoreJson(const std::string& subject, std::string_view text);

}  // namespace seam
