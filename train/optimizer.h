#pragma once

#include <map>
#include <memory>
#include <string>

#include <torch/types.h>

#include "base/options.h"
#include "models/torch/model.h"

namespace seam {

struct OptimizerOptions {
  std::string optimizer = "adamw";  // adamw, sgd
  double momentum = 0.9;            // of sgd
  bool nesterov = false;            // of sgd
  double weight_decay = 1e-2;
  void Register(Options* options);
  void Check() const;  // UsageError
};

// AdamW (Loshchilov and Hutter 2019), or SGD with momentum (Sutskever et al. 2013, also Nesterov's), over a
// model's parameters, by LibTorch; weight decay is not applied to parameters of one dimension, which are
// biases and the scales of norms. Parameters without a gradient are left alone. Adds what LibTorch lacks: its
// state by parameter name, to be kept in a file.
class Optimizer {
 public:
  Optimizer(const OptimizerOptions& options, Model* model);
  ~Optimizer();

  // Takes the gradients away: none is defined afterwards.
  void ZeroGrad();
  void Step(double learning_rate);

  // For each parameter that was ever updated: of adamw `exp_avg.NAME`, `exp_avg_sq.NAME` and `step.NAME`
  // (int64), of sgd with momentum `momentum_buffer.NAME`. The tensors share the optimiser's memory.
  std::map<std::string, torch::Tensor> State() const;
  // Copies the tensors. An Error, on behalf of the file `subject`, when the state is not of this model and
  // this optimiser.
  void SetState(const std::map<std::string, torch::Tensor>& tensors, const std::string& subject);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
