#include "models/torch/run_node.h"

#include <limits>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

using Weight = std::function<torch::Tensor(const std::string&)>;

torch::Tensor Normalise(const Node& node, const torch::Tensor& x) {
  const auto channels = [&](const std::vector<float>& numbers) {
    return torch::tensor(numbers, torch::kFloat).to(x.options()).view({1, -1, 1, 1});
  };
  return (x - channels(node.mean)) / channels(node.std);
}

// Padding that differs by side, which LibTorch's convolution and pooling do not know, is done before them.
torch::Tensor Padded(const ConvSpec& spec, const torch::Tensor& x, double value, std::int64_t* left) {
  *left = spec.pad_before;
  if (spec.pad_before == spec.pad_after) return x;
  *left = 0;
  return torch::constant_pad_nd(x, {spec.pad_before, spec.pad_after, spec.pad_before, spec.pad_after}, value);
}

torch::Tensor Conv(const Node& node, const torch::Tensor& x, const Weight& weight) {
  const ConvSpec& spec = node.conv;
  std::int64_t pad = 0;
  const torch::Tensor padded = Padded(spec, x, 0, &pad);
  return torch::conv2d(padded, weight("weight"), spec.bias ? weight("bias") : torch::Tensor(), spec.stride,
                       pad, spec.dilation, spec.groups);
}

torch::Tensor MaxPool(const Node& node, const torch::Tensor& x) {
  const ConvSpec& spec = node.conv;
  std::int64_t pad = 0;
  const torch::Tensor padded = Padded(spec, x, -std::numeric_limits<double>::infinity(), &pad);
  return torch::max_pool2d(padded, spec.kernel, spec.stride, pad);
}

torch::Tensor BatchNorm(const Node& node, const torch::Tensor& x, const Weight& weight, const RunMode& mode) {
  const bool running = !mode.training || mode.track_statistics;
  return torch::batch_norm(x, weight("weight"), weight("bias"),
                           running ? weight("running_mean") : torch::Tensor(),
                           running ? weight("running_var") : torch::Tensor(), mode.training,
                           node.norm.momentum, node.norm.eps, true);
}

// Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016; a kept row is divided by its chance, as
// torchvision does, so that nothing changes for inference.
torch::Tensor DropPath(const torch::Tensor& x, double rate, bool training) {
  if (!training || rate == 0) return x;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return x * torch::empty(shape, x.options()).bernoulli_(1 - rate) / (1 - rate);
}

torch::Tensor Lstm(const Node& node, const torch::Tensor& x, const Weight& weight, bool training) {
  const LstmSpec& spec = node.lstm;
  const std::int64_t directions = spec.bidirectional ? 2 : 1;
  std::vector<torch::Tensor> weights;
  for (int layer = 0; layer < spec.layers; ++layer) {
    for (const char* direction : {"", "_reverse"}) {
      if (*direction != '\0' && !spec.bidirectional) continue;
      for (const char* part : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
        weights.push_back(weight(fmt::format("{}_l{}{}", part, layer, direction)));
      }
    }
  }
  const auto zeros = torch::zeros({directions * spec.layers, x.size(0), spec.hidden}, x.options());
  return std::get<0>(torch::lstm(x, {zeros, zeros}, weights, true, spec.layers, spec.dropout, training,
                                 spec.bidirectional, true));
}

// [N * T, F] -> [N, T, F]
torch::Tensor Windows(const Node& node, const torch::Tensor& x) {
  const int frames = node.shape.steps;
  if (x.size(0) % frames != 0) {
    throw Error("pictures", fmt::format("{} are not whole windows of {} frames", x.size(0), frames));
  }
  return x.reshape({-1, frames, x.size(1)});
}

torch::Tensor LastStep(const Node& node, const torch::Tensor& x) {
  if (!node.lstm.bidirectional) return x.select(1, -1);
  const std::int64_t hidden = x.size(2) / 2;
  return torch::cat({x.select(1, -1).slice(1, 0, hidden), x.select(1, 0).slice(1, hidden)}, 1);
}

}  // namespace

torch::Tensor RunNode(const Node& node, const std::vector<torch::Tensor>& inputs, const Weight& weight,
                      const RunMode& mode) {
  const torch::Tensor& x = inputs.at(0);
  switch (node.op) {
    case Op::kInput:
      return x;
    case Op::kNormalise:
      return Normalise(node, x);
    case Op::kGrey:
      return (x * torch::tensor({kLuma[0], kLuma[1], kLuma[2]}).to(x.options()).view({1, 3, 1, 1}))
          .sum(1, true);
    case Op::kConv:
      return Conv(node, x, weight);
    case Op::kBatchNorm:
      return BatchNorm(node, x, weight, mode);
    case Op::kRelu:
      return torch::relu(x);
    case Op::kRelu6:
      return torch::relu6(x);
    case Op::kLeakyRelu:
      return torch::leaky_relu(x, node.rate);
    case Op::kPrelu:
      return torch::prelu(x, weight("weight"));
    case Op::kSilu:
      return torch::silu(x);
    case Op::kSigmoid:
      return torch::sigmoid(x);
    case Op::kAdd:
      return x + inputs[1];
    case Op::kScale:
      return x * inputs[1];
    case Op::kConcat:
      return torch::cat(inputs, 1);
    case Op::kMaxPool:
      return MaxPool(node, x);
    case Op::kAveragePool:
      return torch::avg_pool2d(x, node.conv.kernel, node.conv.stride);
    case Op::kUpsample:
      return x.repeat_interleave(node.conv.stride, 2).repeat_interleave(node.conv.stride, 3);
    case Op::kGlobalAveragePool:
      return x.mean({2, 3}, true);
    case Op::kFlatten:
      return x.flatten(1);
    case Op::kLinear:
      return torch::linear(x, weight("weight"), node.conv.bias ? weight("bias") : torch::Tensor());
    case Op::kDropout:
      return torch::dropout(x, node.rate, mode.training);
    case Op::kDropPath:
      return DropPath(x, node.rate, mode.training);
    case Op::kWindows:
      return Windows(node, x);
    case Op::kLstm:
      return Lstm(node, x, weight, mode.training);
    case Op::kLastStep:
      return LastStep(node, x);
    case Op::kMeanOverTime:
      return x.mean(1);
  }
  throw std::logic_error("a node of no kind");
}

}  // namespace seam
