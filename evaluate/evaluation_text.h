#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/evaluation.h"
#include "pages/table.h"

namespace seam {

// "0.7222 [0.5100, 0.9000]"; "-" for NaN; without brackets where there is no interval.
std::string ToText(const Measured& measured);

// What becomes of those without a score, as `missing` (EvaluationOptions) says: "without a score are left
// out".
std::string MissingWords(const std::string& missing);

// Why the numbers cannot be taken at their word: the network saw these data in training.
std::vector<std::string> ListWarnings(const Evaluation& evaluation);
// What stands above the tables: inputs, coverage, what was measured, how missing scores were counted, where
// the threshold comes from.
std::vector<std::string> ListFacts(const Evaluation& evaluation);
// Metrics without a threshold; those at the threshold, with the confusion matrix; a row for each method and
// each dataset. Those without rows are left out.
std::vector<Table> ToTables(const Evaluation& evaluation);

// The block of lines, the Markdown, and the JSON object, that `seam evaluate` prints.
std::string ToText(const Evaluation& evaluation);
std::string ToMarkdown(const Evaluation& evaluation);
nlohmann::ordered_json ToJson(const Evaluation& evaluation);
nlohmann::ordered_json ToJson(const Slice& slice);
// Every metric of every part, a row each, for programs.
Table ToLongTable(const std::vector<Evaluation>& evaluations);

}  // namespace seam
