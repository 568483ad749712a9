#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json_fwd.hpp>

#include "models/torch/checkpoint.h"
#include "train/epoch_row.h"

namespace seam {

// All that a run needs, besides the weights, to go on after its last finished epoch.
struct TrainState {
  std::vector<EpochRow> rows;                    // of the finished epochs
  std::map<std::string, torch::Tensor> tensors;  // TrainStep::State()

  int epoch() const { return rows.empty() ? 0 : rows.back().epoch; }
  // The epoch that is better than all others; the earliest where several are alike. 0 without any.
  int BestEpoch(const RowSchema& schema) const;
  // A measure of every epoch, in order.
  std::vector<double> Measures(const std::string& name) const;
};

// The folder a run writes into. Every file appears whole, and last.state.safetensors is what makes an epoch
// finished: it is written after epoch-NNNN.safetensors and before the files that repeat it (last, best,
// metrics.csv, val_parts.csv), which Publish() makes anew from the two. So a run that is killed at any moment
// can go on. docs/training.md lists the files.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path, RowSchema schema = {})
      : path_(std::move(path)), schema_(std::move(schema)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path Epoch(int epoch) const;
  std::filesystem::path last() const { return path_ / "last.safetensors"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path state() const { return path_ / "last.state.safetensors"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path parts() const { return path_ / "val_parts.csv"; }
  std::filesystem::path run() const { return path_ / "run.json"; }

  // Whether a run has written here.
  bool HasRun() const;
  // Whether it finished an epoch. An Error where other files are of a later epoch than the state, or where
  // there is none: to go on would train over finished epochs.
  bool HasState() const;
  // Makes the folder if it is missing, and removes what an earlier run left: unfinished files, or with `all`
  // every file a run writes (and nothing else).
  void Prepare(bool all) const;

  void WriteRun(const nlohmann::json& json) const;
  // run.json; an Error when there is none, in other words where a run has written here.
  nlohmann::json ReadRun() const;

  // Keeps a finished epoch: its checkpoint, then the state, then Publish().
  void Save(const Model& model, const CheckpointInfo& info, const TrainState& state) const;
  // Writes last, best, metrics.csv and, where val has parts, val_parts.csv as `state` says they must be.
  void Publish(const TrainState& state) const;
  // None when no epoch was finished. Throws as HasState() does.
  std::optional<TrainState> LoadState() const;
  // The checkpoint of a finished epoch, from its own file or from last.safetensors if that is of this epoch.
  Checkpoint LoadEpoch(int epoch) const;

 private:
  // The checkpoint of the greatest number; empty without any.
  std::filesystem::path LatestEpoch() const;

  std::filesystem::path path_;
  RowSchema schema_;  // of the rows
};

}  // namespace seam
