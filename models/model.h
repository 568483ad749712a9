#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace seam {

// What a network takes: clips of `frames` square RGB pictures of side `size`.
struct InputSpec {
  int size = 0;
  int frames = 1;
};

// A detector network. forward() takes clips as they come from shards, uint8 or float RGB in 0..255, and does
// its own scaling, so that no caller can get it wrong. Fake is positive.
class Model : public torch::nn::Module {
 public:
  // clips [N, T, 3, S, S], RGB 0..255 -> logits [N]: sigmoid(logit) = P(fake). An image model takes any T and
  // answers the mean of the frames' logits.
  virtual torch::Tensor forward(const torch::Tensor& clips);

  // pictures [B, 3, S, S], scaled as the network wants them -> features [B, F].
  virtual torch::Tensor Features(const torch::Tensor& pictures) = 0;
  // features [B, F] -> logits [B].
  virtual torch::Tensor Classify(const torch::Tensor& features) = 0;
  // RGB 0..255 float [B, 3, S, S] -> as Features() takes it.
  virtual torch::Tensor Normalise(const torch::Tensor& pictures) const = 0;

  virtual InputSpec input() const = 0;
};

// A row of the registry.
struct ModelEntry {
  std::string name;
  std::string paper;
  std::shared_ptr<Model> (*make)();
};

// Every network Seam knows. Adding one is adding a row in registry.cc: docs/models.md.
const std::vector<ModelEntry>& ModelRegistry();

// By name, with fresh weights; an Error lists the names and the nearest.
std::shared_ptr<Model> MakeModel(const std::string& name);

// Learnable numbers (without running statistics), and all numbers in parameters and buffers as Keras counts
// them (num_batches_tracked left out).
std::int64_t CountTrainable(const Model& model);
std::int64_t CountParameters(const Model& model);

}  // namespace seam
