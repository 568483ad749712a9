#include "models/meso4.h"

#include <torch/nn/init.h>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

constexpr std::array<int, 4> kPools = {2, 2, 2, 4};
constexpr int kReduction = 2 * 2 * 2 * 4;
constexpr int kChannels = 16;  // of the last convolution
constexpr int kHidden = 16;
constexpr double kLeakySlope = 0.1;

// 'same' padding.
torch::nn::Conv2d Convolution(int in, int out, int kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2));
}

// With Keras' defaults; its momentum of 0.99 weighs the old value, LibTorch's the new one.
torch::nn::BatchNorm2d Norm(int channels) {
  return torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(channels).eps(1e-3).momentum(0.01));
}

std::int64_t CountFeatures(int size) {
  if (size < kReduction || size % kReduction != 0) {
    throw Error("meso4", fmt::format("pictures of {} pixels do not fit", size),
                fmt::format("choose a multiple of {}", kReduction));
  }
  const std::int64_t side = size / kReduction;
  return kChannels * side * side;
}

// Keras' defaults.
template <class Layer>
void Initialise(Layer& layer) {
  torch::nn::init::xavier_uniform_(layer->weight);
  torch::nn::init::zeros_(layer->bias);
}

}  // namespace

Meso4::Meso4(const Meso4Options& options)
    : options_(options),
      convolutions_{Convolution(3, 8, 3), Convolution(8, 8, 5), Convolution(8, 16, 5),
                    Convolution(16, kChannels, 5)},
      norms_{Norm(8), Norm(8), Norm(16), Norm(kChannels)},
      dense1_(CountFeatures(options.size), kHidden),
      dense2_(kHidden, 1) {
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    register_module(fmt::format("conv{}", i + 1), convolutions_[i]);
    register_module(fmt::format("norm{}", i + 1), norms_[i]);
    Initialise(convolutions_[i]);
  }
  register_module("dense1", dense1_);
  register_module("dense2", dense2_);
  Initialise(dense1_);
  Initialise(dense2_);
}

torch::Tensor Meso4::Features(const torch::Tensor& pictures) {
  torch::Tensor x = pictures;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    x = torch::max_pool2d(norms_[i](torch::relu(convolutions_[i](x))), kPools[i]);
  }
  return x.flatten(1);
}

torch::Tensor Meso4::Classify(const torch::Tensor& features) {
  const auto hidden = dense1_(torch::dropout(features, options_.dropout, is_training()));
  const auto active = torch::leaky_relu(hidden, kLeakySlope);
  return dense2_(torch::dropout(active, options_.dropout, is_training())).squeeze(1);
}

torch::Tensor Meso4::Normalise(const torch::Tensor& pictures) const { return pictures / 255; }

}  // namespace seam
