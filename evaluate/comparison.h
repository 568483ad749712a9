#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/bootstrap.h"
#include "evaluate/delong.h"
#include "evaluate/evaluation.h"
#include "pages/table.h"
#include "scores/score_file.h"

namespace seam {

// Two score files on the videos that both scored, or both know where those without a score count.
struct Comparison {
  std::string subject_a, subject_b;
  std::string missing;         // as in EvaluationOptions
  int common = 0;              // labelled videos with a score that counts in both
  int only_a = 0, only_b = 0;  // in one alone: left out
  int real = 0, fake = 0;
  DeLongResult delong;
  // a minus b of each of Metrics() that needs no threshold, with a paired bootstrap's interval and p-value.
  struct Difference {
    std::string name, key;
    double a = 0, b = 0;
    Interval interval;
    double p_value = 1;
  };
  std::vector<Difference> differences;
};

// An Error when the common videos are of one class, or their labels differ.
Comparison Compare(const std::string& subject_a, const std::vector<ScoreRow>& a, const std::string& subject_b,
                   const std::vector<ScoreRow>& b, const EvaluationOptions& options);

std::vector<std::string> ListFacts(const Comparison& comparison);
Table ToTable(const Comparison& comparison);
nlohmann::ordered_json ToJson(const Comparison& comparison);

}  // namespace seam
