#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluate/comparison.h"
#include "evaluate/cross_evaluation.h"
#include "evaluate/evaluation.h"
#include "evaluate/robustness.h"

namespace seam {

// What `seam evaluate` found, all that there is of it.
struct EvaluationReport {
  std::vector<std::string> warnings;  // leaks and the like: stand at the top
  std::vector<Evaluation> evaluations;
  std::optional<Comparison> comparison;
  std::optional<CrossTest> cross;
  std::vector<Robustness> robustness;
  std::vector<Table> tables;  // more of them, each with its title
};

// One page that needs nothing else: tables and plots inside it, no script, no network.
std::string ToHtml(const EvaluationReport& report);

}  // namespace seam
