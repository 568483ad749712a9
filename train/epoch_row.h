#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace seam {

// A line of val_parts.csv: what a part of the validation set gave.
struct PartRow {
  std::string name;
  std::map<std::string, std::int64_t> counts = {};  // by the name of the column
  std::map<std::string, double> values = {};        // NaN: unknown
};

// What an epoch gave: a row of metrics.csv.
struct EpochRow {
  int epoch = 0;
  double lr = 0;  // of the epoch's last step
  double train_loss = 0;
  double seconds = 0;                      // training and validation
  double units_per_second = 0;             // of training; RowSchema::unit
  std::map<std::string, double> measures;  // by the name of the column
  std::vector<PartRow> parts;

  double Measure(const std::string& name) const;  // NaN: unknown
};

// What the rows of a task show, and which epoch is better.
struct RowSchema {
  struct Criterion {
    std::string measure;
    bool greater_is_better;
  };

  std::string unit = "samples";   // what training counts, in the plural
  std::string inputs = "inputs";  // what TrainBatch::InputNames() are
  // The columns between `train_loss` and `seconds`; a state file has a number for each.
  std::vector<std::string> measures;
  // The columns after UNIT_per_second, which older state files may lack.
  std::vector<std::string> more_measures;
  std::vector<std::string> part_counts, part_values;  // columns of val_parts.csv
  std::string plateau = "val_loss";                   // what --schedule plateau waits for to fall
  // An epoch is better by the first criterion that tells the two apart.
  std::vector<Criterion> better;

  bool IsBetter(const EpochRow& row, const EpochRow& other) const;
};

// metrics.csv: a header and a line for each epoch; a field is empty where nothing is known.
std::string MetricsCsv(const RowSchema& schema, const std::vector<EpochRow>& rows);
// val_parts.csv: a header and a line for each part of each epoch; "" where no epoch has parts.
std::string PartsCsv(const RowSchema& schema, const std::vector<EpochRow>& rows);

// The rows as a state file keeps them. ReadRows() is empty when the text is not what ToJson() makes.
nlohmann::json ToJson(const RowSchema& schema, const std::vector<EpochRow>& rows);
std::vector<EpochRow> ReadRows(const RowSchema& schema, const std::string& text);

// The metrics and the training loss, as a checkpoint carries them.
nlohmann::json MetricsJson(const RowSchema& schema, const EpochRow& row);

}  // namespace seam
