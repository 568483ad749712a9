#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/torch/model.h"

namespace seam {

// The loss of a batch, each a number: a sum over its samples.
struct BatchLoss {
  torch::Tensor learned;   // what the gradient is of
  torch::Tensor reported;  // what the user is shown; it may leave out what only helps to learn
};

// A picture for TensorBoard.
struct Sheet {
  std::string png;
  int width = 0, height = 0;
};

// Samples that go through the network at once: of a step, this process's share. TrainStep calls Forward() and
// then Loss(), with SAM twice, and knows nothing else of what is learned.
class TrainBatch {
 public:
  virtual ~TrainBatch() = default;

  // This process's, without those that cannot be read. The step's loss is the mean over all processes'
  // samples.
  virtual std::int64_t samples() const = 0;
  // By how much the epoch advances, in RowSchema::unit, in all processes and with those that cannot be read.
  virtual std::int64_t progress() const = 0;
  // A training pass, in the precision of the run. Without any sample something must go through the network
  // all the same, since other processes wait for this one's part in their sums; it then weighs nothing.
  virtual std::vector<torch::Tensor> Forward(Model* network) const = 0;
  // Of what Forward() answered, computed in float32 on its device. A sample may have any number of targets:
  // what counts is that the loss is a sum over samples.
  virtual BatchLoss Loss(const std::vector<torch::Tensor>& answers) const = 0;
  // Of its inputs, for an error message; some may be the same.
  virtual std::vector<std::string> InputNames() const = 0;
  // What the network sees; an empty png where there is nothing to show.
  virtual Sheet Picture() const { return {}; }
};

// The batches of one epoch, in order.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  virtual std::int64_t batches() const = 0;   // those that are planned; fewer may come
  virtual std::int64_t progress() const = 0;  // the sum of TrainBatch::progress() over the planned ones
  // None at the end. In each of several processes it must give a batch equally often.
  virtual std::unique_ptr<TrainBatch> Next() = 0;
};

}  // namespace seam
