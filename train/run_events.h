#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/options.h"
#include "train/task.h"
#include "train/train_batch.h"

namespace seam {

struct EventOptions {
  int every = 10;  // batches from one point of the training curves to the next; 0: no event file
  void Register(Options* options);
  void Check() const;  // UsageError
};

// A run as TensorBoard shows it. Every few batches it gets the training loss, learning rate and memory, and
// each epoch what metrics.csv says, with the task's curves. A picture of the run's first batch comes first.
// Steps count the batches of the run from 1. docs/training.md lists the tags. One thread.
class RunEvents {
 public:
  RunEvents(std::filesystem::path folder, const EventOptions& options);
  ~RunEvents();

  // After each batch of training. The first call opens the file.
  void AddBatch(std::int64_t step, const TrainBatch& batch, double loss, double learning_rate);
  // After the task has validated an epoch, which ended with the step of the last batch.
  void AddEpoch(const EpochRow& row, const Task& task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
