#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/score_file.h"

namespace seam {

// What the scores of one file are worth, at the level of videos.
struct Evaluation {
  int inputs = 0;          // all rows
  int unscored = 0;        // rows without a score
  int unlabelled = 0;      // rows with a score but without a label: counted as scored, measured by nothing
  int real = 0, fake = 0;  // rows with both: what the measures are of
  double threshold = 0.5;
  double auc = 0, average_precision = 0, equal_error_rate = 0, log_loss = 0, accuracy = 0;

  int scored() const { return inputs - unscored; }
  double coverage() const { return static_cast<double>(scored()) / inputs; }
};

// An Error that names `subject` when a path stands on two rows, when nothing is scored, when no scored row
// has a label, and when all of them have the same.
Evaluation Evaluate(const std::string& subject, const std::vector<ScoreRow>& rows, double threshold);

// 1 for fake by path, from a CSV file with the columns path (or filename) and label.
std::map<std::string, int> ReadLabels(const std::filesystem::path& path);

// Sets the rows' labels by their exact path, or else by the file name where one row and one label alone have
// it. Returns how many labels fit no row.
std::size_t ApplyLabels(const std::map<std::string, int>& labels, std::vector<ScoreRow>* rows);

// The block of lines, and the JSON object, that `seam evaluate` prints. `default_threshold`: nobody chose it.
std::string EvaluationText(const std::string& subject, const Evaluation& evaluation, bool default_threshold);
nlohmann::ordered_json EvaluationJson(const std::string& subject, const Evaluation& evaluation,
                                      bool default_threshold);

}  // namespace seam
