#include "evaluate/evaluation.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/numbers.h"

namespace seam {
namespace {

// One score of one video, ready to be measured.
struct Sample {
  double score = 0;
  int label = 0;
  int unit = 0;  // the video, from 0
};

void CheckPaths(const std::string& subject, const std::vector<ScoreRow>& rows) {
  std::set<std::string> seen;
  for (const auto& row : rows) {
    if (!seen.insert(row.path).second) {
      throw Error(subject, fmt::format("'{}' stands on two rows", row.path),
                  "an input counts once; remove one of them");
    }
  }
}

void CheckCounts(const Evaluation& evaluation) {
  const int real = evaluation.videos.real, fake = evaluation.videos.fake;
  if (evaluation.inputs == 0)
    throw Error(evaluation.subject, "has no rows", "score some videos with `seam infer`");
  if (evaluation.scored() == 0) {
    throw Error(evaluation.subject, fmt::format("none of the {} inputs has a score", evaluation.inputs),
                "the columns status and reason say why");
  }
  if (real + fake == 0) {
    throw Error(evaluation.subject,
                fmt::format("none of the {} scored inputs has a label", evaluation.scored()),
                "give a CSV file with the columns path and label, or a dataset folder, by --labels");
  }
  if (real == 0 || fake == 0) {
    throw Error(
        evaluation.subject,
        fmt::format("all {} labelled and scored inputs are {}", real + fake, real > 0 ? "real" : "fake"),
        "the metrics need both classes");
  }
}

Slice MakeSlice(std::string name, const std::vector<Sample>& samples, double threshold,
                const BootstrapOptions& bootstrap) {
  Slice slice;
  slice.name = std::move(name);
  std::vector<double> scores;
  std::vector<int> labels, units;
  for (const Sample& sample : samples) {
    scores.push_back(sample.score);
    labels.push_back(sample.label);
    units.push_back(sample.unit);
    ++(sample.label == 1 ? slice.fake : slice.real);
  }
  RankedScores ranked(scores, labels);
  const auto metric = [&] {
    std::vector<double> values;
    for (const auto& entry : Metrics()) values.push_back(entry.metric(ranked, threshold));
    return values;
  };
  const std::vector<double> values = metric();
  slice.confusion = ConfusionAt(ranked, threshold);
  const auto resampled = Bootstrap(units, labels, bootstrap, [&](std::span<const double> weights) {
    ranked.SetWeights(weights);
    return metric();
  });
  for (std::size_t i = 0; i < values.size(); ++i)
    slice.metrics.push_back({values[i], FindInterval(resampled, i, bootstrap.level)});
  return slice;
}

// Units from 0 without holes, as Bootstrap() wants them.
std::vector<Sample> Renumbered(std::vector<Sample> samples) {
  std::map<int, int> number;
  for (Sample& sample : samples) sample.unit = number.emplace(sample.unit, number.size()).first->second;
  return samples;
}

bool IsRule(const std::string& text) { return text == "eer" || text == "youden" || text == "fpr"; }

double ThresholdFrom(const std::string& text, const RankedScores& scores) {
  if (text == "eer") return ThresholdOfEqualErrorRate(scores);
  if (text == "youden") return ThresholdOfYouden(scores);
  if (text == "fpr") return ThresholdAtFpr(scores, 0.01);
  return ParseNumber<double>(text).value_or(0);
}

// The file's own, where all rows that have one agree.
std::optional<double> StoredThreshold(const std::vector<ScoreRow>& rows) {
  std::optional<double> stored;
  for (const auto& row : rows) {
    if (!row.threshold) continue;
    if (stored && *stored != *row.threshold) return std::nullopt;
    stored = row.threshold;
  }
  return stored;
}

Threshold ChooseThreshold(const std::string& text, const std::vector<ScoreRow>& rows,
                          const std::vector<Sample>& samples) {
  if (text.empty()) {
    const auto stored = StoredThreshold(rows);
    return stored ? Threshold{*stored, "stored"} : Threshold{};
  }
  std::vector<double> scores;
  std::vector<int> labels;
  for (const Sample& sample : samples) {
    scores.push_back(sample.score);
    labels.push_back(sample.label);
  }
  return {ThresholdFrom(text, {scores, labels}), IsRule(text) ? text : "given"};
}

// The samples of the rows that `part` accepts, with the counts that belong to them.
struct Part {
  std::vector<Sample> samples, frames;
  int inputs = 0, unscored = 0;
};

template <class Accepts>
Part FindPart(const std::vector<ScoreRow>& rows, const std::string& missing, const Accepts& accepts) {
  Part part;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ScoreRow& row = rows[i];
    if (!row.label || !accepts(row)) continue;
    ++part.inputs;
    part.unscored += row.score ? 0 : 1;
    const auto score = CountedScore(row, missing);
    if (score) part.samples.push_back({*score, *row.label, static_cast<int>(i)});
    for (const double frame : row.frame_scores)
      part.frames.push_back({frame, *row.label, static_cast<int>(i)});
  }
  part.samples = Renumbered(std::move(part.samples));
  part.frames = Renumbered(std::move(part.frames));
  return part;
}

Slice MeasurePart(const std::string& name, const Part& part, const std::vector<Sample>& samples,
                  const Evaluation& evaluation) {
  Slice slice = MakeSlice(name, samples, evaluation.threshold.value, evaluation.bootstrap);
  slice.inputs = part.inputs;
  slice.unscored = part.unscored;
  return slice;
}

// Adds the part to `videos` and, if the file has frames at all, to `frames`.
void AddPart(const std::string& name, const Part& part, bool all_reals, const Evaluation& evaluation,
             std::vector<Slice>* videos, std::vector<Slice>* frames) {
  videos->push_back(MeasurePart(name, part, part.samples, evaluation));
  videos->back().all_reals = all_reals;
  if (!evaluation.frames) return;
  frames->push_back(MeasurePart(name, part, part.frames, evaluation));
  frames->back().all_reals = all_reals;
}

void MeasureMethods(const std::vector<ScoreRow>& rows, Evaluation* evaluation) {
  std::set<std::string> methods;
  for (const auto& row : rows) {
    if (row.label == FAKE && !row.method.empty()) methods.insert(row.method);
  }
  for (const auto& method : methods) {
    const Part part = FindPart(rows, evaluation->missing, [&](const ScoreRow& row) {
      return row.label == REAL || row.method == method;
    });
    AddPart(method, part, false, *evaluation, &evaluation->methods, &evaluation->method_frames);
  }
}

void MeasureDatasets(const std::vector<ScoreRow>& rows, Evaluation* evaluation) {
  std::map<std::string, bool> has_reals;  // by dataset
  for (const auto& row : rows) {
    if (row.label) has_reals[row.dataset] |= row.label == REAL;
  }
  if (has_reals.size() == 1 && has_reals.begin()->first.empty()) return;
  for (const auto& [dataset, own_reals] : has_reals) {
    const bool all_reals = !own_reals;
    const Part part = FindPart(rows, evaluation->missing, [&, &name = dataset](const ScoreRow& row) {
      return row.dataset == name || (all_reals && row.label == REAL);
    });
    if (dataset.empty() && part.samples.empty()) continue;
    AddPart(dataset.empty() ? "(not named)" : dataset, part, all_reals, *evaluation, &evaluation->datasets,
            &evaluation->dataset_frames);
  }
}

void Count(const std::vector<ScoreRow>& rows, Evaluation* evaluation) {
  for (const auto& row : rows) {
    ++evaluation->inputs;
    if (!row.score) ++evaluation->unscored;
    if (row.score && !row.label) ++evaluation->unlabelled;
    if (row.verdict == Verdict::kUncertain) ++evaluation->uncertain;
    if (row.trained_on) ++evaluation->trained_on;
    if (row.chosen_on.size() > evaluation->chosen_on.size()) evaluation->chosen_on = row.chosen_on;
    auto& notes = evaluation->notes;
    if (!row.note.empty() && std::find(notes.begin(), notes.end(), row.note) == notes.end())
      notes.push_back(row.note);
    if (!row.label || !CountedScore(row, evaluation->missing)) continue;
    ++(*row.label == FAKE ? evaluation->videos.fake : evaluation->videos.real);
    evaluation->scores.push_back(*CountedScore(row, evaluation->missing));
    evaluation->labels.push_back(*row.label);
    evaluation->methods_of.push_back(*row.label == FAKE ? row.method : "");
  }
}

}  // namespace

std::optional<double> CountedScore(const ScoreRow& row, const std::string& missing) {
  if (row.score || missing == "exclude") return row.score;
  return missing == "as-fake" ? 1.0 : 0.0;
}

void EvaluationOptions::Check() const {
  const auto number = ParseNumber<double>(threshold);
  if (!threshold.empty() && !IsRule(threshold) && !(number && *number >= 0 && *number <= 1)) {
    throw UsageError("--threshold", fmt::format("'{}' is not a number from 0 to 1", threshold),
                     "or eer, youden, fpr: chosen on the very videos that are measured, and marked so");
  }
}

const std::vector<MetricEntry>& Metrics() {
  using Scores = const RankedScores&;
  static const std::vector<MetricEntry> metrics = {
      {"auc", "AUC", false, [](Scores scores, double) { return RocAuc(scores); }},
      {"ap", "AP", false, [](Scores scores, double) { return AveragePrecision(scores); }},
      {"eer", "EER", false, [](Scores scores, double) { return EqualErrorRate(scores); }},
      {"tpr_at_fpr_1", "TPR at FPR 1 %", false, [](Scores scores, double) { return TprAtFpr(scores, 0.01); }},
      {"tpr_at_fpr_10", "TPR at FPR 10 %", false,
       [](Scores scores, double) { return TprAtFpr(scores, 0.1); }},
      {"log_loss", "log-loss", false, [](Scores scores, double) { return LogLoss(scores); }},
      {"brier", "Brier", false, [](Scores scores, double) { return BrierScore(scores); }},
      {"ece", "ECE", false, [](Scores scores, double) { return ExpectedCalibrationError(scores); }},
      {"accuracy", "accuracy", true, [](Scores scores, double at) { return Accuracy(scores, at); }},
      {"precision", "precision", true, [](Scores scores, double at) { return Precision(scores, at); }},
      {"recall", "recall", true, [](Scores scores, double at) { return Recall(scores, at); }},
      {"f1", "F1", true, [](Scores scores, double at) { return F1Score(scores, at); }},
  };
  return metrics;
}

std::size_t MetricIndex(const std::string& key) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < Metrics().size(); ++i) {
    if (key == Metrics()[i].key) return i;
    keys.emplace_back(Metrics()[i].key);
  }
  throw UsageError("--metric", fmt::format("'{}' is no metric", key),
                   fmt::format("one of {}", fmt::join(keys, ", ")));
}

Evaluation Evaluate(const std::string& subject, const std::vector<ScoreRow>& rows,
                    const EvaluationOptions& options) {
  options.Check();
  CheckPaths(subject, rows);
  Evaluation evaluation;
  evaluation.subject = subject;
  evaluation.missing = options.missing;
  evaluation.bootstrap = options.bootstrap;
  Count(rows, &evaluation);
  CheckCounts(evaluation);
  const Part all = FindPart(rows, options.missing, [](const ScoreRow&) { return true; });
  evaluation.threshold = ChooseThreshold(options.threshold, rows, all.samples);
  evaluation.threshold.on_this_split =
      evaluation.threshold.source == "stored" && evaluation.chosen_on.find("threshold") != std::string::npos;
  evaluation.videos = MeasurePart("videos", all, all.samples, evaluation);
  if (!all.frames.empty()) evaluation.frames = MeasurePart("frames", all, all.frames, evaluation);
  MeasureMethods(rows, &evaluation);
  MeasureDatasets(rows, &evaluation);
  return evaluation;
}

}  // namespace seam
