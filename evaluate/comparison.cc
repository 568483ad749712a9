#include "evaluate/comparison.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "evaluate/evaluation_text.h"

namespace seam {
namespace {

std::map<std::string, const ScoreRow*> Measurable(const std::vector<ScoreRow>& rows,
                                                  const std::string& missing) {
  std::map<std::string, const ScoreRow*> measurable;
  for (const auto& row : rows) {
    if (row.label && CountedScore(row, missing)) measurable[row.path] = &row;
  }
  return measurable;
}

struct Pairs {
  std::vector<double> a, b;
  std::vector<int> labels;
};

Pairs PairUp(const std::vector<ScoreRow>& a, const std::vector<ScoreRow>& b, Comparison* comparison) {
  const std::string& missing = comparison->missing;
  const auto of_a = Measurable(a, missing), of_b = Measurable(b, missing);
  Pairs pairs;
  for (const auto& [path, row] : of_a) {
    const auto other = of_b.find(path);
    if (other == of_b.end()) continue;
    if (*row->label != *other->second->label) {
      throw Error(comparison->subject_b,
                  fmt::format("'{}' has another label in {}", path, comparison->subject_a),
                  "give the truth with --labels");
    }
    pairs.a.push_back(*CountedScore(*row, missing));
    pairs.b.push_back(*CountedScore(*other->second, missing));
    pairs.labels.push_back(*row->label);
    ++(*row->label == 1 ? comparison->fake : comparison->real);
  }
  comparison->common = static_cast<int>(pairs.labels.size());
  comparison->only_a = static_cast<int>(of_a.size()) - comparison->common;
  comparison->only_b = static_cast<int>(of_b.size()) - comparison->common;
  if (comparison->real == 0 || comparison->fake == 0) {
    throw Error(comparison->subject_b,
                fmt::format("of the videos that {} has too, {} are real and {} fake", comparison->subject_a,
                            comparison->real, comparison->fake),
                "the comparison needs videos of both classes, with scores and labels, under the same paths");
  }
  return pairs;
}

}  // namespace

Comparison Compare(const std::string& subject_a, const std::vector<ScoreRow>& a, const std::string& subject_b,
                   const std::vector<ScoreRow>& b, const EvaluationOptions& options) {
  const BootstrapOptions& bootstrap = options.bootstrap;
  Comparison comparison;
  comparison.subject_a = subject_a;
  comparison.subject_b = subject_b;
  comparison.missing = options.missing;
  const Pairs pairs = PairUp(a, b, &comparison);
  comparison.delong = DeLongTest(pairs.a, pairs.b, pairs.labels);
  RankedScores ranked_a(pairs.a, pairs.labels), ranked_b(pairs.b, pairs.labels);
  for (const auto& entry : Metrics()) {
    if (entry.at_threshold) continue;
    comparison.differences.push_back(
        {entry.name, entry.key, entry.metric(ranked_a, 0), entry.metric(ranked_b, 0), {}, 1});
  }
  std::vector<int> units(pairs.labels.size());
  std::iota(units.begin(), units.end(), 0);
  const auto results = Bootstrap(units, pairs.labels, bootstrap, [&](std::span<const double> weights) {
    ranked_a.SetWeights(weights);
    ranked_b.SetWeights(weights);
    std::vector<double> differences;
    for (const auto& entry : Metrics()) {
      if (!entry.at_threshold) differences.push_back(entry.metric(ranked_a, 0) - entry.metric(ranked_b, 0));
    }
    return differences;
  });
  for (std::size_t i = 0; i < comparison.differences.size(); ++i) {
    comparison.differences[i].interval = FindInterval(results, i, bootstrap.level);
    comparison.differences[i].p_value = BootstrapPValue(results, i);
  }
  return comparison;
}

std::vector<std::string> ListFacts(const Comparison& comparison) {
  std::vector<std::string> facts = {
      fmt::format("a         {}", Printable(comparison.subject_a)),
      fmt::format("b         {}", Printable(comparison.subject_b)),
      fmt::format("common    {} videos ({} real, {} fake); {} in a alone and {} in b alone are left out",
                  comparison.common, comparison.real, comparison.fake, comparison.only_a, comparison.only_b)};
  if (comparison.missing != "exclude")
    facts.push_back("missing   videos " + MissingWords(comparison.missing));
  facts.push_back(std::isnan(comparison.delong.z)
                      ? "DeLong    needs two videos of each class"
                      : fmt::format("DeLong    AUC {:.4f} against {:.4f}: z = {:.3f}, p = {:.4g}",
                                    comparison.delong.auc_a, comparison.delong.auc_b, comparison.delong.z,
                                    comparison.delong.p_value));
  return facts;
}

Table ToTable(const Comparison& comparison) {
  Table table{"a minus b, paired bootstrap over videos", {"metric", "a", "b", "a - b", "interval", "p"}, {}};
  for (const auto& each : comparison.differences) {
    const bool known = !std::isnan(each.interval.low);  // --resamples 0 gives none
    table.rows.push_back(
        {each.name, fmt::format("{:.4f}", each.a), fmt::format("{:.4f}", each.b),
         fmt::format("{:+.4f}", each.a - each.b),
         known ? fmt::format("[{:+.4f}, {:+.4f}]", each.interval.low, each.interval.high) : "-",
         known ? fmt::format("{:.4f}", each.p_value) : "-"});
  }
  return table;
}

nlohmann::ordered_json ToJson(const Comparison& comparison) {
  const DeLongResult& delong = comparison.delong;
  nlohmann::ordered_json json = {{"a", comparison.subject_a},   {"b", comparison.subject_b},
                                 {"common", comparison.common}, {"real", comparison.real},
                                 {"fake", comparison.fake},     {"only_a", comparison.only_a},
                                 {"only_b", comparison.only_b}, {"missing", comparison.missing}};
  json["delong"] = {{"auc_a", delong.auc_a}, {"auc_b", delong.auc_b}, {"z", delong.z}, {"p", delong.p_value}};
  for (const auto& each : comparison.differences) {
    json["differences"][each.key] = {{"a", each.a},
                                     {"b", each.b},
                                     {"difference", each.a - each.b},
                                     {"interval", {each.interval.low, each.interval.high}},
                                     {"p", each.p_value}};
  }
  return json;
}

}  // namespace seam
