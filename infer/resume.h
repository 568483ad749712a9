#pragma once

#include <filesystem>
#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "infer/report.h"

namespace seam {

// What an interrupted run left in its score files.
struct EarlierRows {
  std::set<std::string> paths;  // Utf8Id() of each
  std::multiset<Verdict> verdicts;
  std::size_t failed = 0;                        // of them, by their status
  std::filesystem::file_time_type written = {};  // the latest of the files, when the run stopped
};

// Readies the score files to be gone on with: cuts off a half-written line, and a row that only one of the
// two files has. An Error, and the files as they were, when rows were made with another `record` (see
// WriteRecord()), or by another version. No file, or one without rows: nothing earlier.
EarlierRows TakeUp(const ReportOptions& files, const nlohmann::ordered_json& record);

// The rows of the score file that TakeUp() has left, as far as it holds them.
std::vector<ScoreRow> EarlierScores(const ReportOptions& files);

// Keeps `record`, what scores depend on, beside each score file: FILE.run.json. Of files that begin anew it
// is removed before they are emptied and written afterwards. So rows never lie beside a record that they were
// not made with.
void WriteRecord(const ReportOptions& files, const nlohmann::ordered_json& record);
void RemoveRecord(const ReportOptions& files);
// The same of a run that has ended: with the SHA-256 of each score file, for `seam verify`.
void SealRecord(const ReportOptions& files, nlohmann::ordered_json record);

}  // namespace seam
