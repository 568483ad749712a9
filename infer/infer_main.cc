#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "infer/inputs.h"
#include "infer/predictor.h"
#include "infer/report.h"
#include "infer/score_videos.h"

namespace seam {
namespace {

struct Settings {
  std::vector<std::string> inputs;
  std::string model;
  double threshold = -1;
  bool label_folders = false;
  int jobs = 0;
  SampleOptions sample;
  DetectorOptions detector;
  FaceChoice choice = {.faces = "all", .min_face = 0};
  MediaLimits media;
  std::string perturb;
  ScoreOptions score;
  CompileOptions compile;
  ReportOptions report;

  void Register(Options* options) {
    options->AddPositional("input", &inputs);
    options->Add("model", &model, "checkpoint to score with (default: Seam's own network)");
    options->Add("threshold", &threshold, "a score from here on is called fake (-1: the checkpoint's)");
    options->Add("label-folders", &label_folders,
                 "take each file's label from the folder real or fake it is in");
    options->Add("perturb", &perturb,
                 "make every input worse first, NAME:LEVEL: blur:3, h264:2, ... (docs/robustness.md)");
    options->Add("jobs", &jobs, "threads at work (0: one per core)");
    sample.Register(options);
    detector.Register(options);
    choice.Register(options);
    media.Register(options);
    score.Register(options);
    compile.Register(options);
    report.Register(options);
  }

  void Check() const {
    ParsePerturbation("--perturb", perturb);
    if (inputs.empty())
      throw UsageError("seam infer", "nothing to score", "name videos, pictures or folders of them");
    if (threshold != -1 && !(threshold >= 0 && threshold <= 1))
      throw UsageError("--threshold", "must be from 0 to 1");
    score.Check();
    report.Check();
  }
};

// Faces are cut out as the checkpoint's training data was; a detector that the user forces is said.
ExtractOptions ExtractionFor(const CropSpec& crop, const Settings& settings, const Options& options) {
  ExtractOptions extract;
  extract.sample = settings.sample;
  extract.detector = settings.detector;
  extract.media = settings.media;
  extract.jobs = settings.jobs;
  extract.perturb = ParsePerturbation("--perturb", settings.perturb);
  extract.crop.margin = crop.margin();
  extract.crop.size = static_cast<int>(crop.size());
  if (!crop.align().empty()) extract.crop.align = crop.align();
  extract.choice = settings.choice;
  if (!options.Given("min-face")) extract.choice.min_face = static_cast<int>(crop.min_face());
  if (!options.Given("detector")) extract.detector.detector = crop.detector();
  if (!options.Given("detect-size") && !options.Given("detector")) {
    extract.detector.detect_size = static_cast<int>(crop.detect_size());
  }
  if (!options.Given("detect-threshold")) extract.detector.detect_threshold = crop.detect_threshold();
  extract.Check();
  const CropSpec used = extract.Spec();
  if (used.detector() != crop.detector() || used.detect_size() != crop.detect_size()) {
    SayWarning(fmt::format("faces are found by {} at {} pixels, but the network was trained on {} at {}",
                           used.detector(), used.detect_size(), crop.detector(), crop.detect_size()));
  }
  return extract;
}

ScoreRow RowOf(const Input& input, const VideoResult& result, int min_track, double threshold) {
  const VideoSummary& summary = result.summary;
  ScoreRow row;
  row.path = input.path.string();
  row.status = summary.status;
  row.score = VideoScore(ScoresOf(result.tracks), min_track);
  row.verdict = VerdictOf(summary, row.score, threshold);
  row.label = input.label;
  row.frames = summary.frames;
  row.faces = summary.faces;
  row.tracks = summary.tracks;
  row.seconds = summary.seconds;
  row.reason = summary.reason;
  return row;
}

// Scores everything and writes the report.
class Run {
 public:
  Run(const Settings& settings, const Options& options)
      : settings_(settings),
        inputs_(ListInputs(settings.inputs, settings.label_folders)),
        predictor_(settings.model, settings.compile),
        extract_(ExtractionFor(predictor_.info().crop, settings, options)),
        threshold_(settings.threshold >= 0 ? settings.threshold : predictor_.info().threshold),
        report_(settings.report) {}

  int Execute() {
    std::vector<std::filesystem::path> paths;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].problem.empty()) continue;
      paths.push_back(inputs_[i].path);
      numbers_.push_back(i);
    }
    bool finished = false;
    {
      Progress progress("infer", static_cast<std::int64_t>(paths.size()), "files");
      finished = ScoreVideos(paths, extract_, settings_.score, predictor_,
                             [&](std::size_t i, const VideoResult& result) {
                               ReportProblemsBefore(numbers_[i]);
                               Add(inputs_[numbers_[i]], result);
                               ++next_;
                               progress.Advance();
                             });
    }
    if (!finished)
      throw Error("seam infer", fmt::format("stopped after {} of {} inputs", next_, inputs_.size()));
    ReportProblemsBefore(inputs_.size());
    SayModel();
    return !useful_ ? kExitFailed : failed_ > 0 ? kExitSomeFailed : kExitGood;
  }

 private:
  // The rows stand in the order of the inputs, those that have nothing to score among them.
  void ReportProblemsBefore(std::size_t end) {
    for (; next_ < end; ++next_) {
      VideoSummary summary;
      summary.status = "unreadable";
      summary.reason = inputs_[next_].problem;
      summary.hint = inputs_[next_].hint;
      Add(inputs_[next_], {summary, {}});
    }
  }

  void Add(const Input& input, const VideoResult& result) {
    const VideoSummary& summary = result.summary;
    if (IsFailure(summary.status)) {
      ++failed_;
      SayError(Error(input.path.string(), summary.reason, summary.hint));
    }
    const ScoreRow row = RowOf(input, result, settings_.score.min_track, threshold_);
    useful_ = useful_ || row.verdict != "error";
    report_.Add(row, result.tracks);
  }

  void SayModel() const {
    const CheckpointInfo& info = predictor_.info();
    Say(fmt::format("scored by {} ({}), {}, fake from {:.3f} on", predictor_.path().string(), info.model,
                    predictor_.description(), threshold_));
    if (!info.notice.empty()) Say("note: " + info.notice);
  }

  const Settings& settings_;
  std::vector<Input> inputs_;
  Predictor predictor_;
  ExtractOptions extract_;
  double threshold_;
  Report report_;
  std::vector<std::size_t> numbers_;  // of the inputs that are files
  std::size_t next_ = 0, failed_ = 0;
  bool useful_ = false;  // at least one verdict
};

int Infer(const std::vector<std::string>& arguments) {
  KeepLargeBlocks();
  Options options("seam infer", "VIDEO|DIR... [options]", "score videos: how likely is each a deepfake?",
                  "seam infer videos/ --output scores.csv");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  SampleOptions::CheckTogether(options);
  return Run(settings, options).Execute();
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Infer); }
