#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluate/bootstrap.h"
#include "evaluate/metrics.h"
#include "scores/score_file.h"

namespace seam {

// A row of the table of metrics: text, JSON, CSV and intervals all go by it.
struct MetricEntry {
  const char* key;   // in JSON and CSV: "auc"
  const char* name;  // for people: "AUC"
  bool at_threshold;
  double (*metric)(const RankedScores& scores, double threshold);
};
// Those without a threshold first.
const std::vector<MetricEntry>& Metrics();
// Where the metric stands among them; an Error lists the keys.
std::size_t MetricIndex(const std::string& key);

struct Measured {
  double value = 0;
  Interval interval;  // NaN where no bootstrap was asked for
};

// The threshold of the metrics that need one, and who chose it.
struct Threshold {
  double value = 0.5;
  // "stored": the score file's own; "given"; "default"; "eer", "youden", "fpr": chosen on these very videos.
  std::string source = "default";
  bool on_this_split = false;  // "stored", and chosen on these very shards
  bool chosen_here() const {
    return on_this_split || source == "eer" || source == "youden" || source == "fpr";
  }
};

// Metrics of a part of the videos, or of their frames.
struct Slice {
  std::string name;               // "videos", "frames", a method's or a dataset's name
  int inputs = 0;                 // rows of it with a label; for frames: their videos
  int unscored = 0;               // of those, without a score
  int real = 0, fake = 0;         // measured: videos, or frames
  bool all_reals = false;         // a dataset without reals of its own: its fakes against all others' reals
  std::vector<Measured> metrics;  // as Metrics()
  Confusion confusion;
  double coverage() const { return inputs > 0 ? static_cast<double>(inputs - unscored) / inputs : 0; }
};

struct EvaluationOptions {
  std::string threshold;            // a number, or "eer", "youden", "fpr"; empty: the stored one, or 0.5
  std::string missing = "exclude";  // exclude, as-real (score 0), as-fake (score 1)
  BootstrapOptions bootstrap;       // no intervals with resamples 0
  // UsageError for what makes no sense.
  void Check() const;
};

// What the scores of one file are worth.
struct Evaluation {
  std::string subject;    // the file
  int inputs = 0;         // all rows
  int unscored = 0;       // rows without a score
  int unlabelled = 0;     // rows with a score but without a label: counted as scored, measured by nothing
  int uncertain = 0;      // rows whose verdict is `uncertain`: measured by their score as the others
  std::string missing;    // as in the options
  int trained_on = 0;     // rows that the network learned from
  std::string chosen_on;  // what was chosen on (some of) these rows, as in the score file
  std::vector<std::string> notes;  // the rows', each once
  Threshold threshold;
  BootstrapOptions bootstrap;
  Slice videos;
  std::optional<Slice> frames;  // where the file has the frames' scores
  // Each method's fakes against all reals; each dataset's videos. By name; none where none is known. Their
  // frames, one for each or, where the file has no frames, none.
  std::vector<Slice> methods, datasets, method_frames, dataset_frames;
  // What was measured, for plots.
  std::vector<double> scores;
  std::vector<int> labels;
  std::vector<std::string> methods_of;  // of each; empty for reals

  int scored() const { return inputs - unscored; }
  double coverage() const { return static_cast<double>(scored()) / inputs; }
};

// The score that counts for the row; none where it has none and `missing` (EvaluationOptions) is "exclude".
std::optional<double> CountedScore(const ScoreRow& row, const std::string& missing);

// An Error names `subject` when a path stands on two rows or when nothing is scored. So it does when no
// scored row has a label, or all have the same.
Evaluation Evaluate(const std::string& subject, const std::vector<ScoreRow>& rows,
                    const EvaluationOptions& options);

}  // namespace seam
