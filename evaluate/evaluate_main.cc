#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "evaluate/evaluation.h"
#include "evaluate/score_file.h"

namespace seam {
namespace {

struct EvaluateOptions {
  std::string labels;
  double threshold = 0.5;
  bool json = false;
  std::vector<std::string> files;

  void Register(Options* options) {
    options->Add("labels", &labels,
                 "CSV file with the columns path (or filename) and label; wins over the score file's");
    options->Add("threshold", &threshold, "a score from here on counts as fake, for the accuracy");
    options->Add("json", &json, "print one JSON object a line for each score file");
    options->AddPositional("scores", &files);
  }

  void Check() const {
    if (files.empty()) throw UsageError("seam evaluate", "no score file named", "seam evaluate scores.csv");
    if (!(threshold >= 0 && threshold <= 1)) {
      throw UsageError("--threshold", fmt::format("{} is not from 0 to 1", threshold));
    }
  }
};

void EvaluateFile(const EvaluateOptions& options, const std::map<std::string, int>& labels,
                  bool default_threshold, const std::string& file) {
  auto rows = ReadScoreFile(file);
  const std::size_t unused = ApplyLabels(labels, &rows);
  if (unused > 0) {
    SayWarning(Printable(
        fmt::format("{}: {} of {} labels fit no row of {}", options.labels, unused, labels.size(), file)));
  }
  const Evaluation evaluation = Evaluate(file, rows, options.threshold);
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;  // names of files need not be UTF-8
  fmt::print("{}",
             options.json
                 ? EvaluationJson(file, evaluation, default_threshold).dump(-1, ' ', false, replace) + "\n"
                 : EvaluationText(file, evaluation, default_threshold));
}

int Run(const std::vector<std::string>& arguments) {
  EvaluateOptions options;
  Options parser("seam evaluate", "[options] SCORES.csv...",
                 "what the scores of videos are worth, against their labels",
                 "seam evaluate scores.csv --labels labels.csv");
  options.Register(&parser);
  if (!parser.Parse(arguments)) return kExitGood;
  options.Check();
  const auto labels = options.labels.empty() ? std::map<std::string, int>() : ReadLabels(options.labels);
  std::size_t failed = 0;
  for (const auto& file : options.files) {
    try {
      EvaluateFile(options, labels, !parser.Given("threshold"), file);
    } catch (const Error& error) {
      SayError(error);
      ++failed;
    }
  }
  return failed == 0 ? kExitGood : failed < options.files.size() ? kExitSomeFailed : kExitFailed;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }
