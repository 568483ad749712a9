#include "models/torch/run_node.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"
#include "transforms/picture_channels.h"

namespace seam {
namespace {

using Weight = std::function<torch::Tensor(const std::string&)>;

// The gradient of the root of 0 is not finite.
constexpr double kLeastSquare = 1e-30;

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

torch::Tensor FixedConv(const Node& node, const torch::Tensor& x) {
  const ConvSpec& spec = node.conv;
  std::int64_t pad = 0;
  const torch::Tensor padded = Padded(spec, x, 0, &pad);
  const torch::Tensor weights = torch::tensor(node.fixed, torch::kFloat)
                                    .view({spec.channels, -1, spec.kernel, spec.kernel})
                                    .to(x.options());
  return torch::conv2d(padded, weights, {}, spec.stride, pad, spec.dilation, spec.groups);
}

torch::Tensor Transform(const Node& node, const torch::Tensor& x) {
  const auto matrix = [&](const std::vector<float>& numbers, std::int64_t rows) {
    return torch::tensor(numbers, torch::kFloat).view({rows, -1}).to(x.options());
  };
  const torch::Tensor down = matrix(node.matrices.down, node.shape.height),
                      across = matrix(node.matrices.across, node.shape.width);
  return down.matmul(x.matmul(across.t()));
}

torch::Tensor BandFilter(const Node& node, const torch::Tensor& x, const torch::Tensor& weight) {
  const torch::Tensor sums =
      torch::arange(x.size(2), x.device()).view({-1, 1}) + torch::arange(x.size(3), x.device());
  const torch::Tensor base = sums.ge(node.band[0]).logical_and(sums.le(node.band[1])).to(x.scalar_type());
  return x * (base + torch::tanh(weight / 2).to(x.scalar_type()));
}

// [B, C, H, W] as squares [B, C, H / side, W / side, side * side], and back.
torch::Tensor WindowSoftmax(const torch::Tensor& x, std::int64_t side) {
  const std::int64_t rows = x.size(2) / side, columns = x.size(3) / side;
  const torch::Tensor squares =
      x.reshape({x.size(0), x.size(1), rows, side, columns, side}).transpose(3, 4).flatten(4);
  return torch::softmax(squares, 4)
      .view({x.size(0), x.size(1), rows, columns, side, side})
      .transpose(3, 4)
      .reshape(x.sizes());
}

// Along the dimension `dim`.
torch::Tensor Squash(const torch::Tensor& x, std::int64_t dim) {
  const torch::Tensor square = x.square().sum({dim}, true);
  return x * (square.clamp_min(kLeastSquare).sqrt() / (1 + square));
}

torch::Tensor Routing(const RoutingSpec& spec, const torch::Tensor& x) {
  // [B, capsules, classes, numbers]
  const torch::Tensor predictions = x.reshape({x.size(0), spec.capsules, spec.classes, -1});
  torch::Tensor agreement = torch::zeros_like(predictions), sums;
  for (int i = 0; i < spec.iterations; ++i) {
    sums = Squash((torch::softmax(agreement, 1) * predictions).sum({1}, true), 3);
    agreement = agreement + predictions * sums;
  }
  const torch::Tensor found = sums.flatten(1);
  return x.dim() == 2 ? found : found.unsqueeze(2).unsqueeze(3);
}

// As the pictures' bytes say: fractions are cut off, as the published code does.
torch::Tensor Channels(const Node& node, const torch::Tensor& x) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor bytes = x.detach()
                                  .to(torch::kCPU, torch::kFloat)
                                  .clamp(0, 255)
                                  .to(torch::kByte)
                                  .permute({0, 2, 3, 1})
                                  .contiguous();
  const std::int64_t height = bytes.size(1), width = bytes.size(2), count = CountNumbers(node.channels);
  const torch::Tensor found = torch::empty({bytes.size(0), height, width, count}, torch::kFloat);
  at::parallel_for(0, bytes.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      ComputeChannels(bytes.data_ptr<std::uint8_t>() + i * height * width * 3, static_cast<int>(height),
                      static_cast<int>(width), node.channels,
                      found.data_ptr<float>() + i * height * width * count);
    }
  });
  return found.permute({0, 3, 1, 2}).contiguous().to(x.options());
}

// `hard` in its value, `soft` in its gradient.
torch::Tensor StraightThrough(const torch::Tensor& hard, const torch::Tensor& soft) {
  return hard.detach() + (soft - soft.detach());
}

torch::Tensor Sign(const torch::Tensor& x, const RunMode& mode) {
  const torch::Tensor sign = x.sign();
  return mode.training ? StraightThrough(sign, x.clamp(-kBinaryReach, kBinaryReach)) : sign;
}

torch::Tensor BinaryConv(const Node& node, const torch::Tensor& x, const Weight& weight,
                         const RunMode& mode) {
  const torch::Tensor real = weight("weight");
  if (mode.training) real.data().clamp_(-kBinaryReach, kBinaryReach);
  torch::Tensor binary = BinaryWeights(real.detach(), weight("temperature"));
  if (mode.training) binary = StraightThrough(binary, real);
  std::int64_t pad = 0;
  const torch::Tensor padded = Padded(node.conv, x, 0, &pad);
  return torch::conv2d(padded, binary, {}, node.conv.stride, pad, node.conv.dilation, node.conv.groups);
}

torch::Tensor PerChannel(const torch::Tensor& numbers) { return numbers.view({1, -1, 1, 1}); }

// Training keeps the shares from 0 to 1.
torch::Tensor Blend(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& scale,
                    const RunMode& mode) {
  if (mode.training) scale.data().clamp_(0, 1);
  const torch::Tensor share = PerChannel(scale);
  return share * a + (1 - share) * b;
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

// [B, C, H, W] -> [B, H * W, C]
torch::Tensor Tokens(const torch::Tensor& x) { return x.flatten(2).transpose(1, 2); }

torch::Tensor Prepend(const torch::Tensor& x, const torch::Tensor& rows) {
  return torch::cat({rows.to(x.options()).expand({x.size(0), rows.size(0), rows.size(1)}), x}, 1);
}

// [B, N, C] -> [B, heads, N, C / heads]
torch::Tensor Split(const torch::Tensor& x, int heads) {
  return x.reshape({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

torch::Tensor Turned(const torch::Tensor& x, const torch::Tensor& angles) {
  const torch::Tensor cosines = angles.cos().repeat_interleave(2, 1).to(x.options()),
                      sines = angles.sin().repeat_interleave(2, 1).to(x.options());
  const torch::Tensor pairs = x.reshape({x.size(0), x.size(1), x.size(2), -1, 2});
  const torch::Tensor crossed = torch::stack({-pairs.select(-1, 1), pairs.select(-1, 0)}, -1).flatten(-2);
  return x * cosines + crossed * sines;
}

torch::Tensor Attention(const AttentionSpec& spec, const torch::Tensor& x) {
  const auto parts = x.chunk(3, -1);
  torch::Tensor queries = Split(parts[0], spec.heads), keys = Split(parts[1], spec.heads);
  const std::int64_t width = queries.size(3);
  if (!spec.angles.empty()) {
    const auto angles = torch::tensor(spec.angles, torch::kFloat).view({x.size(1), width / 2});
    queries = Turned(queries, angles.to(x.device()));
    keys = Turned(keys, angles.to(x.device()));
  }
  const torch::Tensor weights =
      torch::softmax(queries.matmul(keys.transpose(2, 3)) / std::sqrt(static_cast<double>(width)), 3);
  return weights.matmul(Split(parts[2], spec.heads)).transpose(1, 2).flatten(2);
}

torch::Tensor AttentionPool(const AttentionSpec& spec, const torch::Tensor& x, const torch::Tensor& query) {
  const auto parts = x.chunk(2, -1);
  const torch::Tensor queries = query.view({1, spec.heads, 1, -1}).to(x.options());
  const double width = static_cast<double>(queries.size(3));
  const torch::Tensor weights =
      torch::softmax(queries.matmul(Split(parts[0], spec.heads).transpose(2, 3)) / std::sqrt(width), 3);
  return weights.matmul(Split(parts[1], spec.heads)).flatten(1);
}

}  // namespace

torch::Tensor BinaryWeights(const torch::Tensor& weight, const torch::Tensor& temperature) {
  const double t = temperature.item<double>();
  return t < kBinaryTemperature ? weight.sign() : (weight / t).clamp(-1, 1);
}

torch::Tensor ResampledPositions(const torch::Tensor& positions, const Shape& shape) {
  if (positions.size(0) == shape.steps) return positions;
  const torch::Tensor lead = positions.narrow(0, 0, shape.lead), grid = positions.slice(0, shape.lead);
  const int from = static_cast<int>(std::lround(std::sqrt(static_cast<double>(grid.size(0))))),
            to = GridSide(shape);
  const auto weights = torch::tensor(PositionWeights(from, to)).view({to, from}).to(positions.options());
  const torch::Tensor made =
      torch::einsum("yk,kxc,zx->yzc", {weights, grid.view({from, from, grid.size(1)}), weights});
  return torch::cat({lead, made.reshape({-1, grid.size(1)})});
}

torch::Tensor RunNode(const Node& node, const std::vector<torch::Tensor>& inputs, const Weight& weight,
                      const RunMode& mode) {
  const torch::Tensor& x = inputs.at(0);
  switch (node.op) {
    case Op::kInput:
      return x;
    case Op::kChannels:
      return Channels(node, x);
    case Op::kNormalise:
      return Normalise(node, x);
    case Op::kGrey:
      return (x * torch::tensor({kLuma[0], kLuma[1], kLuma[2]}).to(x.options()).view({1, 3, 1, 1}))
          .sum(1, true);
    case Op::kConv:
      return Conv(node, x, weight);
    case Op::kFixedConv:
      return FixedConv(node, x);
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
    case Op::kChannelPrelu:
      return torch::prelu(x, weight("weight").to(x.scalar_type()));
    case Op::kSilu:
      return torch::silu(x);
    case Op::kSigmoid:
      return torch::sigmoid(x);
    case Op::kGelu:
      return torch::gelu(x);
    case Op::kGeluTanh:
      return torch::gelu(x, "tanh");
    case Op::kQuickGelu:
      return x * torch::sigmoid(1.702 * x);
    case Op::kTanh:
      return torch::tanh(x);
    case Op::kAbs:
      return torch::abs(x);
    case Op::kClip:
      return torch::clamp(x, -node.rate, node.rate);
    case Op::kAdd:
      return x + inputs[1];
    case Op::kScale:
      return x * inputs[1];
    case Op::kBias:
      return x + PerChannel(weight("bias"));
    case Op::kBlend:
      return Blend(x, inputs[1], weight("scale"), mode);
    case Op::kSign:
      return Sign(x, mode);
    case Op::kBinaryConv:
      return BinaryConv(node, x, weight, mode);
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
    case Op::kGlobalDeviation:
      return x.std({2, 3}, true, true);
    case Op::kChannelMax:
      return x.amax({1}, true);
    case Op::kTransform:
      return Transform(node, x);
    case Op::kBandFilter:
      return BandFilter(node, x, weight("weight"));
    case Op::kWindowSoftmax:
      return WindowSoftmax(x, node.conv.kernel);
    case Op::kSquash:
      return Squash(x.reshape({x.size(0), node.rows, -1}), 1).view(x.sizes());
    case Op::kRouting:
      return Routing(node.routing, x);
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
      return x.slice(1, node.rows).mean(1);
    case Op::kTokens:
      return Tokens(x);
    case Op::kPrepend:
      return Prepend(x, weight("weight"));
    case Op::kPositions:
      return x + ResampledPositions(weight("weight"), node.shape).to(x.scalar_type());
    case Op::kLayerNorm:
      return torch::layer_norm(x, {x.size(-1)}, weight("weight"), weight("bias"), node.norm.eps);
    case Op::kAttention:
      return Attention(node.attention, x);
    case Op::kAttentionPool:
      return AttentionPool(node.attention, x, weight("weight"));
    case Op::kFirstStep:
      return x.select(1, 0);
    case Op::kChannelScale:
      return x * weight("weight").to(x.scalar_type());
    case Op::kUnitLength:
      return x / x.norm(2, {-1}, true).clamp_min(1e-12);
    case Op::kMap:
      return x.transpose(1, 2).reshape({x.size(0), x.size(2), node.shape.height, node.shape.width});
    case Op::kProduct:
      return x.matmul(node.transposed ? inputs[1].transpose(1, 2) : inputs[1]);
    case Op::kSoftmax:
      return torch::softmax(x, -1);
  }
  throw std::logic_error("a node of no kind");
}

}  // namespace seam
