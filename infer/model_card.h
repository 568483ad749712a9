#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/zoo/stored_network.h"
#include "scores/fusion.h"
#include "scores/verdict.h"

namespace seam {

// What a report says of the run that made it.
struct RunFacts {
  std::string model_file, model_sha256, computes;  // of the checkpoint; "fp32 on the CPU (oneDNN)"
  CheckpointInfo info;
  VerdictRule rule;
  std::optional<Fusion> fusion;    // where several networks are fused
  std::vector<std::string> notes;  // where the user made the run differ from the checkpoint's training
  // Every setting that scores and verdicts depend on, by name.
  std::vector<std::pair<std::string, std::string>> settings;
};

// The network as a part of an HTML page: what it is, what it was trained on, and how often it erred on its
// validation videos. It says what the score means, too. What the checkpoint does not hold is called unknown.
std::string ModelCard(const RunFacts& facts);

// A list of names and texts, escaped.
std::string FactsHtml(const std::vector<std::pair<std::string, std::string>>& facts);

// Every text, number and truth value of a JSON text, with the keys that lead there: {"a": {"b": 1}} is
// ("a b", "1"). What is no JSON is one value.
std::vector<std::pair<std::string, std::string>> FlatJson(const std::string& json);

}  // namespace seam
