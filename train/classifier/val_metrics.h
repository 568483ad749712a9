#pragma once

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "evaluate/bootstrap.h"
#include "evaluate/metrics.h"
#include "scores/calibration.h"
#include "train/classifier/val_parts.h"
#include "train/epoch_row.h"

namespace seam {

// Scores with their labels and, by number from 0, the videos they are of.
struct LabelledScores {
  std::vector<double> scores;
  std::vector<int> labels, videos;
  std::vector<int> datasets;  // of videos' scores alone: ClipDataset::dataset_number()
};

// What the scores of `val` are worth: over its clips ("frame": an image network's clips are frames) and over
// its videos, each scored by ScoreTracks(). The members have the names of their columns in metrics.csv.
struct ValidationMetrics {
  double val_loss = 0, val_loss_video = 0;  // log-loss
  double val_auc_frame = 0, val_auc_video = 0;
  double val_eer_frame = 0, val_eer_video = 0;
  double val_ap_frame = 0, val_ap_video = 0;
  std::array<Interval, 8> intervals = {};  // of ValMeasures(), at 95 %; NaN where none is known
  // Of clips that are called fake from a score of 0.5 on; NaN where nothing is called so.
  double val_accuracy = kUnknown;
  double val_precision_real = kUnknown, val_recall_real = kUnknown;
  double val_precision_fake = kUnknown, val_recall_fake = kUnknown;

 private:
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
};

// Fills the five of 0.5.
void MeasureAtHalf(const LabelledScores& clips, ValidationMetrics* metrics);

struct ValMeasure {
  const char* name;  // of its column; those of the interval's ends are NAME_low and NAME_high
  double ValidationMetrics::*value;
  double (*measure)(const RankedScores& scores);
  bool of_videos;
};
const std::array<ValMeasure, 8>& ValMeasures();

// Rows with the numbers above. The best epoch has the greatest AUC over videos; among equals, of which a
// small val has many, the greatest over frames, then the least loss.
const RowSchema& ClassifierRows();
void FillRow(const ValidationMetrics& metrics, const std::vector<ValPart>& parts, EpochRow* row);

// What a person is told of an epoch: a line, a small table of the metrics with their intervals, and one of
// the parts of `val`. The last line says from which score on a video is called fake.
std::string EpochText(const EpochRow& row, const Calibration& calibration, int epochs);

}  // namespace seam
