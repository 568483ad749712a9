#pragma once

#include <array>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "evaluate/bootstrap.h"
#include "evaluate/calibration.h"
#include "train/val_parts.h"

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
};

struct ValMeasure {
  const char* name;  // of its column; those of the interval's ends are NAME_low and NAME_high
  double ValidationMetrics::*value;
  double (*measure)(const RankedScores& scores);
  bool of_videos;
};
const std::array<ValMeasure, 8>& ValMeasures();

// What an epoch gave: a row of metrics.csv.
struct EpochRow : ValidationMetrics {
  int epoch = 0;
  double lr = 0;  // of the epoch's last step
  double train_loss = 0;
  double seconds = 0;           // training and validation
  double crops_per_second = 0;  // of training
  std::vector<ValPart> parts;   // lines of val_parts.csv
};

// metrics.csv: a header and a line for each epoch; a field is empty where nothing is known.
std::string MetricsCsv(const std::vector<EpochRow>& rows);
// val_parts.csv: a header and a line for each part of each epoch; "" where no epoch has parts.
std::string PartsCsv(const std::vector<EpochRow>& rows);

// The rows as a state file keeps them. RowsOf() is empty when the text is not what ToJson() makes; the
// columns that older versions did not write may be missing, and are NaN.
nlohmann::json ToJson(const std::vector<EpochRow>& rows);
std::vector<EpochRow> RowsOf(const std::string& text);

// The metrics on `val` and the training loss, as a checkpoint carries them.
nlohmann::json MetricsJson(const EpochRow& row);

// What a person is told of an epoch: a line, a small table of the measures with their intervals, one of the
// parts of `val`, and where the scores of videos call one fake.
std::string EpochText(const EpochRow& row, const Calibration& calibration, int epochs);

}  // namespace seam
