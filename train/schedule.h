#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"

namespace seam {

struct ScheduleOptions {
  double lr = 1e-3;
  std::string schedule = "cosine";  // cosine, linear, plateau, step, constant
  double warmup = 0.03;
  double plateau_factor = 0.1;
  int plateau_patience = 5;
  double step_factor = 0.1;
  int step_epochs = 5;
  // Of binary weights (Note [Binary weights] of models/networks/graph.h): the temperature is multiplied by
  // this from epoch to epoch, as BNext's authors do.
  double binary_decay = 0.9;
  void Register(Options* options);
  void Check() const;  // UsageError
};

// The learning rate of a step, 0 to total - 1; a pure function, so that a resumed run needs no state of it.
// Over the first `warmup` share of the steps it rises in a line to `lr`. Then
//   cosine    falls to 0 on half a cosine (Loshchilov and Hutter 2017, without restarts),
//   linear    falls to 0 in a line,
//   constant  stays,
//   plateau   is multiplied by plateau_factor whenever plateau_patience epochs in a row had no lower
//             validation loss than the least before them; the count then begins anew. Its warm-up is
//             multiplied, too.
//   step      is multiplied by step_factor after every step_epochs epochs.
// `past_losses`: the validation losses of the finished epochs, in order. Plateau looks at them, step at their
// number.
double LearningRate(const ScheduleOptions& options, std::int64_t step, std::int64_t total,
                    const std::vector<double>& past_losses = {});

}  // namespace seam
