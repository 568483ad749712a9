#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "evaluate/calibration.h"
#include "evaluate/evaluation_page.h"
#include "evaluate/evaluation_text.h"
#include "evaluate/fusion_fit.h"
#include "evaluate/fusion_run.h"
#include "evaluate/plots.h"
#include "evaluate/robustness.h"
#include "evaluate/score_runs.h"
#include "evaluate/truth.h"

namespace seam {
namespace {

struct EvaluateOptions {
  std::string labels, columns, split = "all", metric = "auc", perturb, report, plots, markdown, csv,
                               fit_fusion;
  EvaluationOptions evaluation;
  ScoreRunOptions runs;
  bool compare = false, cross = false, json = false;
  std::vector<std::string> inputs;  // score files; with --model, videos

  void Register(Options* options) {
    options->Add(
        "labels", &labels,
        "CSV file with the columns path (or filename) and label, and maybe dataset, method, split; or a "
        "dataset folder; wins over the score file's");
    options->Add(
        "columns", &columns,
        "which columns of other programs' score files are meant, as in path=file,score=prob,label=gt");
    options->Add("split", &split,
                 "evaluate only the videos of this split (--labels says which); of --data: test",
                 {"all", "train", "val", "test"});
    runs.Register(options);
    options->Add(
        "perturb", &perturb,
        "score the videos again, made worse, with each --model: all, deeperforensics, or names as in "
        "blur,noise:3,h264 (docs/robustness.md)");
    options->Add(
        "threshold", &evaluation.threshold,
        "a score from here on counts as fake; eer, youden, fpr choose it on these very videos, which is "
        "marked; default: the one stored with the scores, or 0.5");
    options->Add("missing", &evaluation.missing, "what an input without a score counts as",
                 {"exclude", "as-real", "as-fake"});
    options->Add("resamples", &evaluation.bootstrap.resamples,
                 "how often the bootstrap draws the videos anew; 0: no intervals",
                 Between(0, 1e6, "2000 are usual"));
    options->Add("seed", &evaluation.bootstrap.seed, "of the bootstrap");
    options->Add("level", &evaluation.bootstrap.level, "of the intervals",
                 {0, 1, "0.95 is usual", true, true});
    options->Add("compare", &compare,
                 "two score files on their common videos: DeLong's test, paired bootstrap");
    options->Add("cross", &cross, "score files (models) by datasets: a matrix of --metric");
    options->Add("metric", &metric, "what the matrix of --cross shows");
    options->Add("fit-fusion", &fit_fusion,
                 "fit on these videos how the scores of the --model networks become one, and write them and "
                 "that into this file, which `seam infer --model` takes; --data: of val");
    options->Add("report", &report, "write all of it, with plots, as one HTML page");
    options->Add("plots", &plots, "write the plots as SVG and PNG into this folder");
    options->Add("markdown", &markdown, "write the tables as Markdown");
    options->Add(
        "csv", &csv,
        "write every metric as CSV, a line for each part; with --cross or --perturb the cells of that");
    options->Add("json", &json,
                 "print JSON: one object a line for each model or score file, comparison and matrix");
    options->AddPositional("scores", &inputs);
  }

  // Models, each with its score files.
  std::size_t Subjects() const { return runs.models.empty() ? inputs.size() : runs.models.size(); }

  void Check() const {
    CheckInputs();
    if (!fit_fusion.empty() && runs.models.size() < 2)
      throw UsageError("--fit-fusion", "fuses several networks", "give --model twice or more");
    if (compare && Subjects() != 2) {
      throw UsageError("--compare", fmt::format("takes two score files, not {}", Subjects()),
                       "seam evaluate --compare a.csv b.csv");
    }
    if (split != "all" && labels.empty() && runs.data.empty())
      throw UsageError("--split", "nothing says which videos are in it", "--labels DATASET_FOLDER");
    const ScoreColumns checked("--columns", columns);
    ParsePerturbations("--perturb", perturb.empty() ? "all" : perturb);
    evaluation.Check();
  }

  void CheckInputs() const {
    runs.Check();
    if (runs.models.empty() && !perturb.empty())
      throw UsageError("--perturb", "nothing says which network is to score the videos",
                       "--model CHECKPOINT");
    if (runs.models.empty() && inputs.empty())
      throw UsageError("seam evaluate", "no score file named", "seam evaluate scores.csv");
    if (runs.models.empty()) return;
    if (!runs.data.empty() && !inputs.empty())
      throw UsageError("--data", "scores shards, but videos are named, too", "leave one of them out");
    if (!runs.data.empty() && !perturb.empty()) {
      throw UsageError("--perturb", "works on videos, before faces are looked for; shards hold faces",
                       "name the videos, or the dataset by --labels");
    }
    if (runs.data.empty() && inputs.empty() && labels.empty()) {
      throw UsageError("--model", "nothing to score",
                       "--data DATASET_FOLDER, or videos, or --labels DATASET_FOLDER for its videos");
    }
  }
};

// A model's scores with their truth.
struct Scores {
  std::string subject;
  std::vector<ScoreRow> rows;
};

// What the options ask for, found piece by piece.
class Evaluating {
 public:
  explicit Evaluating(const EvaluateOptions& options)
      : options_(options),
        truth_(options.labels.empty() ? TruthTable() : ReadTruth(options.labels)),
        runs_(options.runs) {}

  int Run() {
    Warn(truth_.leak, "; metrics of a network that was trained on it mean little");
    for (const auto& folder : options_.runs.data)
      Warn(FindLeak(folder), "; metrics of a network that was trained on it mean little");
    const auto& subjects = options_.runs.models.empty() ? options_.inputs : options_.runs.models;
    for (const auto& subject : subjects) {
      try {
        Add(subject);
      } catch (const Error& error) {
        if (error.exit_code() == kExitUsage || Interrupted()) throw;
        SayError(error);
        ++failed_;
      }
    }
    if (all_.empty()) return kExitFailed;
    if (options_.compare && all_.size() == 2) {
      report_.comparison =
          Compare(all_[0].subject, all_[0].rows, all_[1].subject, all_[1].rows, options_.evaluation);
    }
    if (!options_.fit_fusion.empty()) Fuse();
    if (options_.cross || IsMatrix()) report_.cross = MakeCrossTest(report_.evaluations, options_.metric);
    Print();
    WriteFiles();
    return failed_ == 0 ? kExitGood : kExitSomeFailed;
  }

 private:
  // Several models or dataset folders ask for a matrix by themselves.
  bool IsMatrix() const {
    return !options_.runs.data.empty() && options_.runs.models.size() * options_.runs.data.size() > 1;
  }

  void Warn(const std::string& fact, const char* consequence = "") {
    if (fact.empty()) return;
    report_.warnings.push_back(fact + consequence);
    SayWarning(report_.warnings.back());
  }

  void Add(const std::string& subject) {
    Scores scores{subject, {}};
    if (options_.runs.models.empty()) {
      std::vector<std::string> assumed;
      scores.rows = ReadForeignScores(subject, ScoreColumns("--columns", options_.columns), &assumed);
      for (const std::string& line : assumed) Say(Printable(subject) + ": " + line);
    } else if (!options_.runs.data.empty()) {
      scores.rows = RowsOfShards(subject);
    } else {
      scores.rows = runs_.OfVideos(subject, Videos(), {});
    }
    Label(&scores, true);
    Evaluation evaluation = Evaluate(subject, scores.rows, options_.evaluation);
    for (const auto& warning : ListWarnings(evaluation)) Warn(Printable(subject) + ": " + warning);
    if (!options_.perturb.empty()) report_.robustness.push_back(Perturb(scores, evaluation));
    report_.evaluations.push_back(std::move(evaluation));
    all_.push_back(std::move(scores));
  }

  // Fits the fusion on the videos that every model has scored, and writes its file.
  void Fuse() {
    if (all_.size() < options_.runs.models.size())
      throw Error("--fit-fusion", "some networks have no scores; see above");
    const FusionSamples samples = ReadSamples(RowsOfAll());
    const FusionFit fit = FitFusion(samples.scores, samples.labels);
    Scores fused{options_.fit_fusion, {}};
    std::vector<double> scores;
    for (std::size_t video = 0; video < samples.labels.size(); ++video) {
      std::vector<double> of_video;
      for (const auto& network : samples.scores) of_video.push_back(network[video]);
      scores.push_back(Sigmoid(fit.ComputeLogit(of_video)));
      ScoreRow row = all_[0].rows[samples.rows[video]];
      row.score = scores.back();
      row.frame_scores.clear();
      fused.rows.push_back(std::move(row));
    }
    const Calibration calibration = Calibrate(scores, samples.labels);
    for (ScoreRow& row : fused.rows) {
      row.threshold = calibration.threshold_eer;
      row.probability = CalibratedProbability(*row.score, calibration.temperature);
      row.verdict.reset();
    }
    WriteFusion(options_.runs.models, fit, calibration, options_.fit_fusion);
    for (std::size_t i = 0; i < fit.weights.size(); ++i)
      Say(fmt::format("{:.4f} x logit of {}", fit.weights[i], Printable(all_[i].subject)));
    Say(fmt::format("bias {:.4f}, fake from {:.4f} on, fitted on {} videos: {}", fit.bias,
                    calibration.threshold_eer, samples.labels.size(), Printable(options_.fit_fusion)));
    const std::string caveats = DescribeCaveats(calibration);
    Warn(caveats, "; the fusion is rough");
    Warn(fmt::format("{}: its metrics are of the very videos that it was fitted on",
                     Printable(options_.fit_fusion)));
    report_.evaluations.push_back(Evaluate(fused.subject, fused.rows, options_.evaluation));
    all_.push_back(std::move(fused));
  }

  std::vector<const std::vector<ScoreRow>*> RowsOfAll() const {
    std::vector<const std::vector<ScoreRow>*> rows;
    for (const Scores& scores : all_) rows.push_back(&scores.rows);
    return rows;
  }

  void Label(Scores* scores, bool tell) const {
    const std::size_t unused = ApplyTruth(truth_, &scores->rows);
    if (options_.split != "all" && options_.runs.data.empty())
      std::erase_if(scores->rows, [&](const ScoreRow& row) { return row.split != options_.split; });
    if (tell && unused > 0 && options_.split == "all") {
      SayWarning(Printable(fmt::format("{}: {} of {} labels fit no row of {}", options_.labels, unused,
                                       truth_.videos.size(), scores->subject)));
    }
  }

  // All dataset folders together; where there are several, their names and paths keep them apart.
  std::vector<ScoreRow> RowsOfShards(const std::string& model) {
    const auto& folders = options_.runs.data;
    std::map<std::string, std::set<std::string>> folders_of;  // by dataset
    std::vector<ScoreRow> all;
    std::vector<std::string> folder_of;
    for (const auto& folder : folders) {
      for (ScoreRow& row : runs_.OfShards(model, folder, options_.split)) {
        folders_of[row.dataset].insert(folder);
        folder_of.push_back(folder);
        if (folders.size() > 1) row.path = (std::filesystem::path(folder) / row.path).string();
        all.push_back(std::move(row));
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (folders_of[all[i].dataset].size() > 1)
        all[i].dataset = fmt::format("{} ({})", all[i].dataset, folder_of[i]);
    }
    return all;
  }

  // Those named, or those of the split that the labels name.
  std::vector<std::string> Videos() const {
    if (!options_.inputs.empty()) return options_.inputs;
    std::vector<std::string> videos;
    for (const auto& [path, truth] : truth_.videos) {
      if (options_.split == "all" || truth.split == options_.split) videos.push_back(path);
    }
    if (videos.empty())
      throw Error(options_.labels, fmt::format("no video is in the split '{}'", options_.split));
    return videos;
  }

  Robustness Perturb(const Scores& clean, const Evaluation& evaluation) {
    Robustness robustness{clean.subject, evaluation, {}};
    for (const Perturbation& each : ParsePerturbations("--perturb", options_.perturb)) {
      Say(fmt::format("{}: {}", Printable(clean.subject), each.Words()));
      Scores worse{clean.subject, runs_.OfVideos(clean.subject, Videos(), each)};
      Label(&worse, false);
      robustness.points.push_back(MeasurePerturbed(each, worse.rows, clean.rows, options_.evaluation));
    }
    return robustness;
  }

  static void PrintJson(const nlohmann::ordered_json& json) {
    // Names of files need not be UTF-8.
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }

  void Print() const {
    if (options_.json) {
      for (const auto& evaluation : report_.evaluations) PrintJson(ToJson(evaluation));
      if (report_.comparison) PrintJson(ToJson(*report_.comparison));
      if (report_.cross) PrintJson(ToJson(*report_.cross));
      for (const auto& robustness : report_.robustness) PrintJson(ToJson(robustness));
      return;
    }
    for (const auto& evaluation : report_.evaluations) fmt::print("{}", ToText(evaluation));
    if (report_.comparison) {
      for (const auto& fact : ListFacts(*report_.comparison)) fmt::print("  {}\n", fact);
      fmt::print("{}", ToText(ToTable(*report_.comparison)));
    }
    if (report_.cross) fmt::print("{}", ToText(ToTable(*report_.cross)));
    for (const auto& robustness : report_.robustness) fmt::print("{}", ToText(ToTable(robustness)));
  }

  void WriteFiles() const {
    if (!options_.report.empty()) WriteFile(options_.report, ToHtml(report_));
    if (!options_.plots.empty()) WriteAllPlots();
    if (!options_.csv.empty()) {
      WriteFile(options_.csv, ToCsv(report_.cross                ? ToLongTable(*report_.cross)
                                    : report_.robustness.empty() ? ToLongTable(report_.evaluations)
                                                                 : ToLongTable(report_.robustness)));
    }
    if (!options_.markdown.empty()) WriteFile(options_.markdown, Markdown());
  }

  void WriteAllPlots() const {
    WritePlots(MakePlots(report_.evaluations), options_.plots);
    if (report_.cross) WritePlots(MakeHeatMap(*report_.cross), options_.plots);
    WritePlots(MakePlots(report_.robustness), options_.plots);
    const std::size_t count = report_.robustness.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string suffix = count > 1 ? fmt::format("_{}", i + 1) : "";
      WritePlots(MakeHeatMap(report_.robustness[i], suffix), options_.plots);
    }
  }

  std::string Markdown() const {
    std::string text;
    for (const auto& warning : report_.warnings) text += "> " + Printable(warning) + "\n\n";
    if (report_.cross) text += ToMarkdown(ToTable(*report_.cross)) + "\n";
    if (report_.comparison) text += ToMarkdown(ToTable(*report_.comparison)) + "\n";
    for (const auto& robustness : report_.robustness) text += ToMarkdown(ToTable(robustness)) + "\n";
    for (const auto& evaluation : report_.evaluations) text += ToMarkdown(evaluation);
    return text;
  }

  const EvaluateOptions& options_;
  TruthTable truth_;
  ScoreRuns runs_;
  EvaluationReport report_;
  std::vector<Scores> all_;
  std::size_t failed_ = 0;
};

int Run(const std::vector<std::string>& arguments) {
  EvaluateOptions options;
  Options parser(
      "seam evaluate",
      "[options] SCORES.csv|SCORES.jsonl...\n       seam evaluate --model FILE --data DIR [options]\n"
      "       seam evaluate --model FILE [--perturb all] VIDEO|DIR... [options]",
      "what the scores of videos are worth, against their labels",
      "seam evaluate scores.csv --labels labels.csv --report evaluation.html");
  options.Register(&parser);
  if (!parser.Parse(arguments)) return kExitGood;
  options.runs.quiet = parser.Given("quiet");
  options.runs.cancel = InterruptToken();
  if (!options.runs.data.empty() && !parser.Given("split"))
    options.split = options.fit_fusion.empty() ? "test" : "val";
  if (!options.runs.data.empty() && options.split == "all")
    throw UsageError("--split", "of --data one is measured at a time", "--split test");
  options.Check();
  return Evaluating(options).Run();
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }
