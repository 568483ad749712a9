#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/cancel.h"
#include "models/torch/model.h"
#include "train/data_parallel.h"
#include "train/epoch_row.h"
#include "train/event_file.h"
#include "train/initial_model.h"
#include "train/train_batch.h"

namespace seam {

// What is learned: the data, the network, the loss, what validation measures, which epoch is better and what
// is said of it. Trainer does the rest (steps, precision, averages, processes, the run folder, events,
// resuming) and knows none of these. The classifier of faces (train/classifier/) is one; docs/training.md
// says how to add another.
//
// Trainer calls MakeNetwork() (or loads the network of a run that goes on), then Open(), and then for each
// epoch BeginEpoch() and Validate(). With several processes each has a task of its own, and all make the same
// calls.
class Task {
 public:
  virtual ~Task() = default;

  virtual const RowSchema& schema() const = 0;
  // Names of the task's options that say where things are, not what is learned: a checkpoint's recipe leaves
  // them out.
  virtual std::vector<std::string> local_options() const = 0;

  // With the weights of the checkpoints `init` or, where that is "", with fresh ones of `seed`.
  virtual InitialModel MakeNetwork(const std::string& init, std::uint64_t seed) const = 0;
  // Opens the data. An Error where it is not fit for training or for this network.
  virtual void Open(const Model& network) = 0;

  // For run.json and the recipe, after Open(): an object with "data": {"train": {"sha256": ...}, "val": ...},
  // whose digests a run that goes on must find again, and what else tells of the data.
  virtual nlohmann::json Describe() const = 0;
  // Adds to *data, Describe()'s "data", what only an epoch finds out, such as inputs that cannot be read.
  virtual void AddFindings(DataParallel* processes, nlohmann::json* data) const = 0;

  // The batches of an epoch, from 1: this process's share of each, a pure function of the arguments.
  virtual std::unique_ptr<BatchSource> BeginEpoch(int epoch, std::uint64_t seed, const ProcessPlace& place,
                                                  const Model& network) = 0;
  // Fills the row's measures and parts, the same in every process. False when cancelled.
  virtual bool Validate(Model* network, DataParallel* processes, const CancelToken& cancel,
                        EpochRow* row) = 0;

  // Of the epoch that was validated last. What its checkpoint says besides epoch, metrics, recipe and notice:
  virtual void FillCheckpoint(CheckpointInfo* info) const = 0;
  // What a person is told, whole lines:
  virtual std::string Text(const EpochRow& row, int epochs) const = 0;
  // What limits the last epoch's results, a line, or "":
  virtual std::string Caveats() const { return ""; }
  // Curves for TensorBoard:
  virtual void AddCurves(std::int64_t /*step*/, EventFile* /*file*/) const {}
};

}  // namespace seam
