#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "scores/score_row.h"

namespace seam {

// The verdicts of a run in the form that code scanners use: SARIF 2.1.0 (OASIS standard, 2020). A video is a
// result whose rule is its verdict: fake is of level `error`, uncertain of `warning`, real has the kind
// `pass`, no_face `notApplicable`. `rank` is 100 times the score. An input that failed is no result, but a
// notification of the invocation.
class SarifLog {
 public:
  void Add(const ScoreRow& row);
  // The whole document, with its line end. `finished`: the run came to its end.
  std::string Text(bool finished) const;

 private:
  nlohmann::ordered_json results_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json notifications_ = nlohmann::ordered_json::array();
};

// A path as a URI (RFC 3986): relative ones stay so, others begin with file://.
std::string FileUri(const std::string& path);

}  // namespace seam
