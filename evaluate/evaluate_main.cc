#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "evaluate/evaluation_text.h"
#include "evaluate/html_report.h"
#include "evaluate/plots.h"
#include "evaluate/truth.h"

namespace seam {
namespace {

struct EvaluateOptions {
  std::string labels, split = "all", measure = "auc", report, plots, markdown, csv;
  EvaluationOptions evaluation;
  bool compare = false, cross = false, json = false;
  std::vector<std::string> files;

  void Register(Options* options) {
    options->Add(
        "labels", &labels,
        "CSV file with the columns path (or filename) and label, and maybe dataset, method, split; or a "
        "dataset folder; wins over the score file's");
    options->Add("split", &split, "measure only the videos of this split (--labels says which)",
                 {"all", "train", "val", "test"});
    options->Add(
        "threshold", &evaluation.threshold,
        "a score from here on counts as fake; eer, youden, fpr choose it on these very videos, which is "
        "marked; default: the one stored with the scores, or 0.5");
    options->Add("missing", &evaluation.missing, "what an input without a score counts as",
                 {"exclude", "as-real", "as-fake"});
    options->Add("resamples", &evaluation.bootstrap.resamples, "of the bootstrap; 0: no intervals");
    options->Add("seed", &evaluation.bootstrap.seed, "of the bootstrap");
    options->Add("level", &evaluation.bootstrap.level, "of the intervals");
    options->Add("compare", &compare,
                 "two score files on their common videos: DeLong's test, paired bootstrap");
    options->Add("cross", &cross, "score files (models) by datasets: a matrix of --measure");
    options->Add("measure", &measure, "what the matrix of --cross shows");
    options->Add("report", &report, "write all of it, with plots, as one HTML page");
    options->Add("plots", &plots, "write the plots as SVG and PNG into this folder");
    options->Add("markdown", &markdown, "write the tables as Markdown");
    options->Add("csv", &csv, "write the matrix of --cross as CSV, a line for each cell");
    options->Add("json", &json, "print JSON: one object a line for each score file, comparison and matrix");
    options->AddPositional("scores", &files);
  }

  void Check() const {
    if (files.empty()) throw UsageError("seam evaluate", "no score file named", "seam evaluate scores.csv");
    if (compare && files.size() != 2) {
      throw UsageError("--compare", fmt::format("takes two score files, not {}", files.size()),
                       "seam evaluate --compare a.csv b.csv");
    }
    if (split != "all" && labels.empty())
      throw UsageError("--split", "nothing says which videos are in it", "--labels DATASET_FOLDER");
    if (!csv.empty() && !cross) throw UsageError("--csv", "writes the matrix of --cross", "add --cross");
    evaluation.Check();
  }
};

// A score file with its truth.
struct Scores {
  std::string file;
  std::vector<ScoreRow> rows;
};

Scores ReadScores(const EvaluateOptions& options, const TruthTable& truth, const std::string& file) {
  Scores scores{file, ReadScoreFile(file)};
  const std::size_t unused = ApplyTruth(truth, &scores.rows);
  if (options.split != "all")
    std::erase_if(scores.rows, [&](const ScoreRow& row) { return row.split != options.split; });
  if (unused > 0 && options.split == "all") {
    SayWarning(Printable(fmt::format("{}: {} of {} labels fit no row of {}", options.labels, unused,
                                     truth.videos.size(), file)));
  }
  return scores;
}

void Print(const EvaluateOptions& options, const EvaluationReport& report) {
  const auto print_json = [](const nlohmann::ordered_json& json) {
    // Names of files need not be UTF-8.
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  };
  for (const auto& evaluation : report.evaluations) {
    options.json ? print_json(JsonOf(evaluation)) : fmt::print("{}", TextOf(evaluation));
  }
  if (report.comparison && options.json) print_json(JsonOf(*report.comparison));
  if (report.comparison && !options.json) {
    for (const auto& fact : FactsOf(*report.comparison)) fmt::print("  {}\n", fact);
    fmt::print("{}", TextOf(TableOf(*report.comparison)));
  }
  if (report.cross && options.json) print_json(JsonOf(*report.cross));
  if (report.cross && !options.json) fmt::print("{}", TextOf(TableOf(*report.cross)));
}

void WriteFiles(const EvaluateOptions& options, const EvaluationReport& report) {
  if (!options.report.empty()) WriteFile(options.report, HtmlOf(report));
  if (!options.plots.empty()) WritePlots(PlotsOf(report.evaluations), options.plots);
  if (!options.plots.empty() && report.cross) WritePlots(HeatMapOf(*report.cross), options.plots);
  if (!options.csv.empty()) WriteFile(options.csv, CsvOf(LongTableOf(*report.cross)));
  if (options.markdown.empty()) return;
  std::string text;
  for (const auto& warning : report.warnings) text += "> " + Printable(warning) + "\n\n";
  if (report.cross) text += MarkdownOf(TableOf(*report.cross)) + "\n";
  if (report.comparison) text += MarkdownOf(TableOf(*report.comparison)) + "\n";
  for (const auto& evaluation : report.evaluations) text += MarkdownOf(evaluation);
  WriteFile(options.markdown, text);
}

int Run(const std::vector<std::string>& arguments) {
  EvaluateOptions options;
  Options parser("seam evaluate", "[options] SCORES.csv|SCORES.jsonl...",
                 "what the scores of videos are worth, against their labels",
                 "seam evaluate scores.csv --labels labels.csv --report evaluation.html");
  options.Register(&parser);
  if (!parser.Parse(arguments)) return kExitGood;
  options.Check();
  const TruthTable truth = options.labels.empty() ? TruthTable() : ReadTruth(options.labels);
  EvaluationReport report;
  if (!truth.leak.empty()) {
    report.warnings.push_back(truth.leak + "; measures of a network that was trained on it mean little");
    SayWarning(report.warnings.back());
  }
  std::vector<Scores> all;
  std::size_t failed = 0;
  for (const auto& file : options.files) {
    try {
      Scores scores = ReadScores(options, truth, file);
      report.evaluations.push_back(Evaluate(file, scores.rows, options.evaluation));
      all.push_back(std::move(scores));
    } catch (const Error& error) {
      SayError(error);
      ++failed;
    }
  }
  if (options.compare && all.size() == 2)
    report.comparison =
        Compare(all[0].file, all[0].rows, all[1].file, all[1].rows, options.evaluation.bootstrap);
  if (all.empty()) return kExitFailed;
  if (options.cross) report.cross = CrossTestOf(report.evaluations, options.measure);
  Print(options, report);
  WriteFiles(options, report);
  return failed == 0 ? kExitGood : kExitSomeFailed;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }
