#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "base/options.h"
#include "models/torch/model.h"
#include "train/optimizer.h"
#include "train/precision.h"
#include "train/train_batch.h"

namespace seam {

struct StepOptions {
  OptimizerOptions optimizer;
  double sam_rho = 0;    // radius of sharpness-aware minimisation; 0: without
  double clip_norm = 0;  // greatest norm of the gradients; 0: any
  int accumulate = 1;    // batches of a step
  double ema = 0;        // decay of the weights' average; 0: without
  void Register(Options* options);
  void Check() const;  // UsageError
};

// How several processes train one network, each on its share of every step's samples; a process alone needs
// none. An engine over c10d::Reducer does in
//   SetParameters   make the Reducer over them (again, when the backbone thaws)
//   BeforeForward   broadcast the buffers (running statistics) if it wants to;
//                   Reducer::prepare_for_forward()
//   BeforeBackward  with `sync` Reducer::prepare_for_backward({loss}), whose hooks then send the gradients
//                   while the backward pass goes on; without, nothing (DistributedDataParallel::no_sync())
//   AfterBackward   with `sync` wait until each .grad is the mean over the processes of what had been added
//                   up there
// Every process must call TrainStep::Run() equally often, with groups of as many batches. The batches may
// differ in size: TrainStep weights its loss accordingly. The mean of the processes' gradients is the
// gradient of the mean loss over all samples of the step.
class GradientSync {
 public:
  virtual ~GradientSync() = default;

  virtual int processes() const = 0;
  // All processes' samples of the step, of which `own` are this one's.
  virtual std::int64_t CountSamples(std::int64_t own) = 0;
  // What is trained from now on, in the order of the model's parameters.
  virtual void SetParameters(const std::vector<torch::Tensor>& trainable) = 0;
  // Around the passes of each batch. Only a step's last batch has `sync`; with SAM, of each of the two
  // passes.
  virtual void BeforeForward(bool sync) = 0;
  virtual void BeforeBackward(const torch::Tensor& loss, bool sync) = 0;
  virtual void AfterBackward(bool sync) = 0;
};

struct StepResult {
  enum Outcome {
    kUpdated,
    kSkipped,      // gradients overflowed float16; the scale was lowered
    kBadLoss,      // of `batch` is no number; the weights are as they were
    kBadGradient,  // holds what is no number; the weights are as they were
  };
  Outcome outcome = kUpdated;
  double loss = 0;        // mean over this process's samples; 0 where it has none
  double norm = 0;        // of all gradients together, before clipping
  std::size_t batch = 0;  // of kBadLoss, its number in the group
};

// A step of training: the forward pass, the loss and the backward pass over one batch or several. With
// several the gradient is that of the mean over all their samples, however they are split (gradient
// accumulation). With SAM both passes run once more at the perturbed weights, with the same dropout. The
// norms' running statistics do not move again (Foret et al., "Sharpness-Aware Minimization for Efficiently
// Improving Generalization", ICLR 2021, equations 2 and 3). Then come clipping by norm (Pascanu et al. 2013),
// the optimiser and the weights' average. Draws dropout from LibTorch's generators. One thread.
//
//   TrainStep step(options, ResolvePrecision({}), model);
//   step.BeginEpoch(/*freeze_backbone=*/false);
//   StepResult result = step.Run(batches, learning_rate);
class TrainStep {
 public:
  // Moves the model to the precision's device. `sync` must outlive it.
  TrainStep(const StepOptions& options, const TrainPrecision& precision, std::shared_ptr<Model> model,
            GradientSync* sync = nullptr);
  ~TrainStep();

  // Puts the model into training mode.
  void BeginEpoch(bool freeze_backbone);
  StepResult Run(const std::vector<std::unique_ptr<TrainBatch>>& batches, double learning_rate);

  // What validation and checkpoints take: the weights' average where there is one, else the model itself.
  const std::shared_ptr<Model>& evaluated() const;

  // What a run needs, besides the weights of evaluated(), to go on: Optimizer::State(); with an average
  // `raw.NAME`, the weights themselves, and `ema.updates`; GradientScaler::State(). Tensors may share memory
  // with the step's.
  std::map<std::string, torch::Tensor> State() const;
  // For a step made with the weights of evaluated(). An Error, on behalf of the file `subject`, when the
  // state is not of this model and these options.
  void SetState(std::map<std::string, torch::Tensor> tensors, const std::string& subject);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
