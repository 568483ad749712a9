#include "models/torch/init.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

namespace seam {
namespace {

constexpr double kDeviation = 0.02;  // of Init::kNormal and of tokens

struct Fans {
  double in, out;
};

// Connections of a [O, I, K, K] or [O, I] weight. Like PyTorch, for a convolution in groups too: of the
// weight's own I, and of all O.
Fans CountFans(const torch::Tensor& weight) {
  const auto kernel = static_cast<double>(weight.numel() / (weight.size(0) * weight.size(1)));
  return {static_cast<double>(weight.size(1)) * kernel, static_cast<double>(weight.size(0)) * kernel};
}

void Uniform(torch::Tensor* tensor, double bound) { tensor->uniform_(-bound, bound); }

bool IsBias(const WeightSpec& weight) { return weight.name.ends_with("bias"); }

void InitialiseNorm(const WeightSpec& weight, torch::Tensor* tensor) {
  const bool one = weight.name.ends_with("weight") || weight.name.ends_with("running_var");
  tensor->fill_(one ? 1 : 0);
}

// PyTorch: uniform below 1 / sqrt(fan in), weights and biases alike.
void InitialiseAsTorch(const Graph& graph, const WeightSpec& weight, torch::Tensor* tensor) {
  const Node& node = graph[weight.node];
  const int in = graph[node.inputs[0]].shape.channels / (node.op == Op::kConv ? node.conv.groups : 1);
  Uniform(tensor, 1 / std::sqrt(static_cast<double>(in) * node.conv.kernel * node.conv.kernel));
}

void InitialiseLinearOrConv(const Graph& graph, const WeightSpec& weight, torch::Tensor* tensor) {
  const Node& node = graph[weight.node];
  if (node.init == Init::kTorch || (node.init == Init::kHeUniform && IsBias(weight)))
    return InitialiseAsTorch(graph, weight, tensor);
  if (IsBias(weight)) {
    tensor->zero_();
    return;
  }
  const Fans fans = CountFans(*tensor);
  if (node.init == Init::kNormal) {
    tensor->normal_(0, kDeviation);
  } else if (node.init == Init::kGlorotUniform) {
    Uniform(tensor, std::sqrt(6 / (fans.in + fans.out)));  // Glorot and Bengio 2010, equation 16
  } else if (node.init == Init::kHeUniform) {
    Uniform(tensor, std::sqrt(6 / fans.in));  // He et al. 2015, equation 10
  } else if (node.op == Op::kConv) {
    tensor->normal_(0, std::sqrt(2 / fans.out));  // He et al. 2015, equation 14
  } else {
    Uniform(tensor, 1 / std::sqrt(fans.out));
  }
}

}  // namespace

void Initialise(const Graph& graph, const WeightSpec& weight, torch::Tensor* tensor) {
  const torch::NoGradGuard no_grad;
  const Node& node = graph[weight.node];
  if (node.op == Op::kChannelPrelu) {
    tensor->fill_(0.25);  // LibTorch's own
  } else if (node.op == Op::kBias) {
    tensor->zero_();
  } else if (node.op == Op::kBlend) {
    tensor->fill_(0.5);
  } else if (node.op == Op::kBinaryConv) {
    if (weight.name.ends_with("temperature")) {
      tensor->fill_(1);
    } else {
      tensor->normal_(0, 1e-3);
    }
  } else if (node.op == Op::kBatchNorm || node.op == Op::kLayerNorm) {
    InitialiseNorm(weight, tensor);
  } else if (node.op == Op::kPrelu) {
    tensor->fill_(0.25);
  } else if (node.op == Op::kChannelScale) {
    tensor->fill_(node.rate);
  } else if (node.op == Op::kBandFilter) {
    tensor->normal_(0, 0.1);  // Qian et al., "Thinking in Frequency", as its ports have it
  } else if (node.op == Op::kPrepend || node.op == Op::kPositions || node.op == Op::kAttentionPool) {
    tensor->normal_(0, kDeviation);
  } else if (node.op == Op::kLstm) {
    Uniform(tensor, 1 / std::sqrt(static_cast<double>(node.lstm.hidden)));
  } else {
    InitialiseLinearOrConv(graph, weight, tensor);
  }
}

}  // namespace seam
