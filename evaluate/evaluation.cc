#include "evaluate/evaluation.h"

#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/csv_table.h"
#include "evaluate/metrics.h"

namespace seam {

namespace {

std::string FileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

void CheckPaths(const std::string& subject, const std::vector<ScoreRow>& rows) {
  std::set<std::string> seen;
  for (const auto& row : rows) {
    if (!seen.insert(row.path).second) {
      throw Error(subject, fmt::format("'{}' stands on two rows", row.path),
                  "an input counts once; remove one of them");
    }
  }
}

void CheckCounts(const std::string& subject, const Evaluation& evaluation) {
  if (evaluation.inputs == 0) throw Error(subject, "has no rows", "score some videos with `seam infer`");
  if (evaluation.scored() == 0) {
    throw Error(subject, fmt::format("none of the {} inputs has a score", evaluation.inputs),
                "the columns status and reason say why");
  }
  if (evaluation.real + evaluation.fake == 0) {
    throw Error(subject, fmt::format("none of the {} scored inputs has a label", evaluation.scored()),
                "give a CSV file with the columns path and label by --labels");
  }
  if (evaluation.real == 0 || evaluation.fake == 0) {
    throw Error(subject,
                fmt::format("all {} labelled and scored inputs are {}", evaluation.real + evaluation.fake,
                            evaluation.real > 0 ? "real" : "fake"),
                "the measures need both classes");
  }
}

}  // namespace

Evaluation Evaluate(const std::string& subject, const std::vector<ScoreRow>& rows, double threshold) {
  CheckPaths(subject, rows);
  Evaluation evaluation;
  evaluation.inputs = static_cast<int>(rows.size());
  evaluation.threshold = threshold;
  std::vector<double> scores;
  std::vector<int> labels;
  for (const auto& row : rows) {
    if (!row.score) {
      ++evaluation.unscored;
    } else if (!row.label) {
      ++evaluation.unlabelled;
    } else {
      ++(*row.label == 1 ? evaluation.fake : evaluation.real);
      scores.push_back(*row.score);
      labels.push_back(*row.label);
    }
  }
  CheckCounts(subject, evaluation);
  evaluation.auc = RocAuc(scores, labels);
  evaluation.average_precision = AveragePrecision(scores, labels);
  evaluation.equal_error_rate = EqualErrorRate(scores, labels);
  evaluation.log_loss = LogLoss(scores, labels);
  evaluation.accuracy = Accuracy(scores, labels, threshold);
  return evaluation;
}

std::map<std::string, int> ReadLabels(const std::filesystem::path& path) {
  const CsvTable table(path);
  const std::string column = table.Has("path") || !table.Has("filename") ? "path" : "filename";
  table.Require(column);
  table.Require("label");
  std::map<std::string, int> labels;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string name = table.Raw(i, column), text = table.Field(i, "label");
    const auto label = ParseLabel(text);
    if (!label) throw table.Wrong(i, fmt::format("label '{}' is neither real (0) nor fake (1)", text));
    const auto [known, added] = labels.emplace(name, *label);
    if (!added && known->second != *label) throw table.Wrong(i, fmt::format("'{}' is real and fake", name));
  }
  return labels;
}

std::size_t ApplyLabels(const std::map<std::string, int>& labels, std::vector<ScoreRow>* rows) {
  std::map<std::string, int> label_names, row_names;
  std::map<std::string, std::string> path_of_name;
  for (const auto& [path, label] : labels) {
    ++label_names[FileName(path)];
    path_of_name[FileName(path)] = path;
  }
  for (const auto& row : *rows) ++row_names[FileName(row.path)];
  std::set<std::string> used;
  for (auto& row : *rows) {
    const std::string name = FileName(row.path);
    auto found = labels.find(row.path);
    if (found == labels.end() && label_names[name] == 1 && row_names[name] == 1)
      found = labels.find(path_of_name[name]);
    if (found == labels.end()) continue;
    row.label = found->second;
    used.insert(found->first);
  }
  return labels.size() - used.size();
}

std::string EvaluationText(const std::string& subject, const Evaluation& evaluation, bool default_threshold) {
  const std::string unlabelled =
      evaluation.unlabelled > 0 ? fmt::format(", {} without a label", evaluation.unlabelled) : "";
  std::string text = Printable(subject) + "\n";
  text += fmt::format("  inputs    {}\n", evaluation.inputs);
  text +=
      fmt::format("  scored    {} (coverage {:.1f} %)\n", evaluation.scored(), 100 * evaluation.coverage());
  text += fmt::format("  measured  {} real, {} fake{}\n", evaluation.real, evaluation.fake, unlabelled);
  text += fmt::format("  AUC       {:.4f}\n", evaluation.auc);
  text += fmt::format("  AP        {:.4f}\n", evaluation.average_precision);
  text += fmt::format("  EER       {:.4f}\n", evaluation.equal_error_rate);
  text += fmt::format("  log-loss  {:.4f}\n", evaluation.log_loss);
  text += fmt::format("  accuracy  {:.4f} at threshold {:g}{}\n", evaluation.accuracy, evaluation.threshold,
                      default_threshold ? " (the default)" : "");
  return text;
}

nlohmann::ordered_json EvaluationJson(const std::string& subject, const Evaluation& evaluation,
                                      bool default_threshold) {
  return {{"file", subject},
          {"inputs", evaluation.inputs},
          {"scored", evaluation.scored()},
          {"coverage", evaluation.coverage()},
          {"unlabelled", evaluation.unlabelled},
          {"real", evaluation.real},
          {"fake", evaluation.fake},
          {"auc", evaluation.auc},
          {"ap", evaluation.average_precision},
          {"eer", evaluation.equal_error_rate},
          {"log_loss", evaluation.log_loss},
          {"accuracy", evaluation.accuracy},
          {"threshold", evaluation.threshold},
          {"threshold_is_default", default_threshold}};
}

}  // namespace seam
