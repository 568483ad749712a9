#pragma once

#include <map>
#include <string>

#include <torch/types.h>

#include "base/options.h"

namespace seam {

// What training computes with. The weights, their gradients and the optimiser's state are always float32;
// bf16 and fp16 are mixed precision: convolutions and dense layers compute in 16 bits
// (models/torch/autocast.h).
struct PrecisionOptions {
  std::string precision = "fp32";  // fp32, bf16, fp16, auto
  std::string device = "auto";     // cpu, cuda, auto
  void Register(Options* options);
};

struct TrainPrecision {
  torch::Device device = torch::kCPU;
  c10::ScalarType type = torch::kFloat;
  bool scale = false;        // gradients: see GradientScaler
  std::string Name() const;  // "bf16 on cpu"
};

// device auto: cuda where there is one. precision auto: on the CPU fp32, on CUDA bf16 where cuDNN has it,
// else fp16. An Error where the options ask for what this machine has not.
TrainPrecision ResolvePrecision(const PrecisionOptions& options);

// Keeps small gradients from vanishing in float16: the loss is multiplied by a scale, the gradients are
// divided by it (Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2). A step whose
// gradients are not finite is skipped and halves the scale; 2000 steps in a row without one double it. One
// that is off has a scale of 1.
class GradientScaler {
 public:
  explicit GradientScaler(bool on);

  double scale() const { return scale_; }
  // After each step. False when the gradients were not finite at a scale that cannot be lowered, or when
  // there is no scale: the fault is not float16's.
  bool Update(bool finite);

  // `scaler.scale` and `scaler.good_steps`; nothing when off.
  std::map<std::string, torch::Tensor> State() const;
  // Takes those out of `tensors`; an Error on behalf of the file `subject` when they are missing or make no
  // sense.
  void SetState(std::map<std::string, torch::Tensor>* tensors, const std::string& subject);

 private:
  bool on_;
  double scale_ = 1;
  std::int64_t good_steps_ = 0;  // since the scale last changed
};

}  // namespace seam
