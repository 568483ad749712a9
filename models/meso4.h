#pragma once

#include <array>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "models/model.h"

namespace seam {

// The defaults are the published network.
struct Meso4Options {
  int size = 256;        // side of the input, a multiple of 32
  double dropout = 0.5;  // before either dense layer
};

// MesoNet's Meso-4 (Afchar, Nozick, Yamagishi, Echizen, "MesoNet: a Compact Facial Video Forgery Detection
// Network", WIFS 2018), as its Keras code has it: four convolutions, each followed by ReLU, batch norm (in
// this order) and max pooling, and two dense layers. 27,977 learnable numbers. The published weights answer
// P(real); here, as everywhere, fake is positive.
class Meso4 : public Model {
 public:
  explicit Meso4(const Meso4Options& options = {});

  // -> [B, 16 * (S / 32)^2], flattened from [B, 16, S / 32, S / 32].
  torch::Tensor Features(const torch::Tensor& pictures) override;
  torch::Tensor Classify(const torch::Tensor& features) override;
  // To 0..1.
  torch::Tensor Normalise(const torch::Tensor& pictures) const override;
  InputSpec input() const override { return {options_.size, 1}; }

 private:
  Meso4Options options_;
  std::array<torch::nn::Conv2d, 4> convolutions_;
  std::array<torch::nn::BatchNorm2d, 4> norms_;
  torch::nn::Linear dense1_, dense2_;
};

}  // namespace seam
