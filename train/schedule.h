#pragma once

#include <cstdint>
#include <string>

#include "base/options.h"

namespace seam {

struct ScheduleOptions {
  double lr = 1e-3;
  std::string schedule = "cosine";
  double warmup = 0.03;
  void Register(Options* options);
  void Check() const;  // UsageError
};

// The learning rate of a step, 0 to total - 1: rising in a line over the first `warmup` share of the steps,
// then constant, or falling to 0 on half a cosine (Loshchilov and Hutter 2017, without restarts).
double LearningRate(const ScheduleOptions& options, std::int64_t step, std::int64_t total);

}  // namespace seam
