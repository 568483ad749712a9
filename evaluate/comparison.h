#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/bootstrap.h"
#include "evaluate/delong.h"
#include "evaluate/score_file.h"
#include "evaluate/table.h"

namespace seam {

// Two score files on the videos that both scored.
struct Comparison {
  std::string subject_a, subject_b;
  int common = 0;              // labelled videos with a score in both
  int only_a = 0, only_b = 0;  // labelled and scored in one alone: left out
  int real = 0, fake = 0;
  DeLongResult delong;
  // a minus b of each of Measures() that needs no threshold, with a paired bootstrap's interval and p-value.
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
                   const std::vector<ScoreRow>& b, const BootstrapOptions& bootstrap);

std::vector<std::string> FactsOf(const Comparison& comparison);
Table TableOf(const Comparison& comparison);
nlohmann::ordered_json JsonOf(const Comparison& comparison);

}  // namespace seam
