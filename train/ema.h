#pragma once

#include <cstdint>
#include <memory>

#include "models/torch/model.h"

namespace seam {

// An exponential moving average of a model's weights and of its norms' running statistics (Polyak and
// Juditsky 1992; as in Tan and Le 2019): after each step average = d * average + (1 - d) * weights. The
// statistics by themselves are those of some ten batches, and an average goes less up and down; whole numbers
// are copied. In the first steps d is less than `decay`, so that the fresh weights do not linger: min(decay,
// (1 + n) / (10 + n)) at step n from 0, as in TensorFlow's ExponentialMovingAverage. One thread.
class Ema {
 public:
  // Begins at the model's weights.
  Ema(double decay, const Model& model);

  void Update(const Model& model);
  // The average, on the device of the model it is of.
  const std::shared_ptr<Model>& average() const { return average_; }

  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

 private:
  double decay_;
  std::int64_t updates_ = 0;
  std::shared_ptr<Model> average_;
};

}  // namespace seam
