#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/torch/model.h"
#include "train/process_place.h"
#include "train/step.h"

namespace seam {

// The GPU of a process, of those that it sees.
torch::Device ChooseGpu(const ProcessPlace& place);

// Several processes that train one network, each on its share of every batch. They talk through LibTorch's
// c10d: Gloo on CPUs, and NCCL on GPUs where it was built in. Every process must call the same methods in the
// same order. A process alone may call all of them, and nothing happens.
//
//   DataParallel processes(FindProcessPlace(), timeout, torch::kCPU);
//   processes.CopyWeights(model.get());
//   TrainStep step(options, precision, model, &processes);
//
// What goes wrong between processes, such as one that ends, is thrown as LibTorch throws it; Explain() makes
// an Error of it.
class DataParallel : public GradientSync {
 public:
  // Waits until all processes are there. An Error when they are not within `timeout`, which is also how long
  // one waits for the others later.
  DataParallel(const ProcessPlace& place, std::chrono::seconds timeout, torch::DeviceType device);
  ~DataParallel() override;

  const ProcessPlace& place() const { return place_; }
  int rank() const { return place_.rank; }
  int world() const { return place_.world; }
  bool leads() const { return place_.leads(); }

  // An Error in every process unless all of them hold the same text; `what` says of what.
  void CheckSame(const std::string& text, const std::string& what);
  // Parameters and buffers become those of process 0.
  void CopyWeights(Model* model);
  // Floating-point buffers (running statistics) become their mean over the processes.
  void MeanBuffers(Model* model);
  // Sums over the processes, in place.
  void Sum(torch::Tensor* tensor);
  void Sum(std::vector<double>* numbers);
  void Wait();  // for all

  // Of TrainStep. Gradients travel bucket by bucket while the backward pass goes on.
  int processes() const override { return place_.world; }
  std::int64_t CountSamples(std::int64_t own) override;
  void SetParameters(const std::vector<torch::Tensor>& trainable) override;
  void BeforeForward(bool) override {}
  void BeforeBackward(const torch::Tensor& loss, bool sync) override;
  void AfterBackward(bool) override {}  // c10d::Reducer's last hook has waited

  // Of what was thrown between processes: an Error that says that contact was lost. Errors of this process's
  // own stay as they are.
  [[noreturn]] void Explain(const std::exception_ptr& failure) const;

 private:
  struct Impl;
  ProcessPlace place_;
  std::unique_ptr<Impl> impl_;  // none in a process alone
};

}  // namespace seam
