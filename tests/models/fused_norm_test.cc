#include "models/torch/fused_norm.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <array>
#include <barrier>
#include <thread>

#include <fmt/format.h>
#include <torch/torch.h>

#include "models/torch/model.h"

namespace seam {
namespace {

constexpr NormSpec kSpec = {.eps = 1e-3, .momentum = 0.2};

struct Case {
  NormChain chain;
  std::int64_t channels, side;
  bool tied = false;  // many equal numbers in each window of the pooling
};

// What training sees of a norm: the answer, gradients and running statistics.
struct Outcome {
  std::array<torch::Tensor, 6> tensors;  // y, of x, of weight, of bias, running mean, running variance
};

struct Inputs {
  torch::Tensor x, weight, bias, of_answer;
};

Inputs MakeInputs(const Case& made) {
  torch::manual_seed(7);
  const auto options = torch::TensorOptions(torch::kDouble);
  Inputs inputs{torch::randn({4, made.channels, made.side, made.side}, options) * 2 + 3,
                torch::randn({made.channels}, options),
                torch::randn({made.channels}, options),
                {}};
  if (made.tied) inputs.x = inputs.x.round();
  const std::int64_t out = made.side / made.chain.pool;
  inputs.of_answer = torch::randn({4, made.channels, out, out}, options);
  return inputs;
}

// The operators of LibTorch, one by one.
torch::Tensor Plain(const NormChain& chain, torch::Tensor x, const torch::Tensor& weight,
                    const torch::Tensor& bias, const torch::Tensor& mean, const torch::Tensor& variance) {
  if (chain.relu_before) x = torch::relu(x);
  x = torch::batch_norm(x, weight, bias, mean, variance, true, kSpec.momentum, kSpec.eps, false);
  if (chain.after == Activation::kRelu) x = torch::relu(x);
  if (chain.after == Activation::kSilu) x = torch::silu(x);
  return chain.pool > 1 ? torch::max_pool2d(x, chain.pool, chain.pool) : x;
}

Outcome RunOnce(const Case& made, const Inputs& inputs, torch::ScalarType type, bool fused,
                const SumOverProcesses& sum = {}) {
  const auto leaf = [&](const torch::Tensor& tensor) {
    return tensor.to(type).clone(torch::MemoryFormat::Contiguous).requires_grad_();
  };
  const torch::Tensor x = leaf(inputs.x), weight = leaf(inputs.weight), bias = leaf(inputs.bias);
  const auto mean = torch::zeros({made.channels}, type), variance = torch::ones({made.channels}, type);
  const torch::Tensor y = fused ? FusedNorm(made.chain, kSpec, x, weight, bias, mean, variance, true, sum)
                                : Plain(made.chain, x, weight, bias, mean, variance);
  y.backward(inputs.of_answer.to(type));
  return {{y.detach(), x.grad(), weight.grad(), bias.grad(), mean, variance}};
}

void ExpectClose(const Outcome& got, const Outcome& expected, double tolerance, const std::string& what) {
  const std::array names = {"answer", "of x", "of weight", "of bias", "running mean", "running variance"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto greatest = expected.tensors[i].abs().max().to(torch::kDouble).item<double>();
    const auto off = (got.tensors[i].to(torch::kDouble) - expected.tensors[i]).abs().max().item<double>();
    EXPECT_LE(off, tolerance * greatest) << what << ": " << names[i];
  }
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const bool relu : {false, true}) {
    for (const auto after : {Activation::kNone, Activation::kRelu, Activation::kSilu}) {
      cases.push_back({{.last = 1, .relu_before = relu, .after = after}, 24, 6});
      cases.push_back({{.last = 1, .relu_before = relu, .after = after}, 11, 7});  // no whole vectors
    }
    for (const int pool : {2, 4}) {
      cases.push_back({{.last = 1, .relu_before = relu, .pool = pool}, 16, 8});
      cases.push_back({{.last = 1, .relu_before = relu, .pool = pool}, 16, 8, true});
      cases.push_back({{.last = 1, .relu_before = relu, .pool = pool}, 3, 16});
    }
  }
  return cases;
}

TEST(FusedNormTest, AnswersAndGradientsAreThoseOfLibTorchsOperators) {
  for (const Case& made : Cases()) {
    const auto inputs = MakeInputs(made);
    const auto expected = RunOnce(made, inputs, torch::kDouble, false);
    const std::string what =
        fmt::format("relu {}, activation {}, pool {}, channels {}", made.chain.relu_before,
                    static_cast<int>(made.chain.after), made.chain.pool, made.channels);
    ExpectClose(RunOnce(made, inputs, torch::kDouble, true), expected, 1e-12, what);
    // Ties are as many in floats only when rounding leaves them; without them the two types agree.
    ExpectClose(RunOnce(made, inputs, torch::kFloat, true), expected, 2e-6, what + ", float");
  }
}

TEST(FusedNormTest, MeanFarFromZeroCostsNoDigits) {
  Case made{{.last = 0}, 8, 64};
  auto inputs = MakeInputs(made);
  inputs.x = (inputs.x.to(torch::kFloat) + 1000).to(torch::kDouble);
  const auto expected = RunOnce(made, inputs, torch::kDouble, false);
  ExpectClose(RunOnce(made, inputs, torch::kFloat, true), expected, 1e-4, "float");
}

TEST(FusedNormTest, ThreadsChangeNothing) {
  const Case made{{.last = 1, .after = Activation::kSilu}, 24, 60};
  const auto inputs = MakeInputs(made);
  at::set_num_threads(1);
  const auto one = RunOnce(made, inputs, torch::kFloat, true);
  at::set_num_threads(3);
  const auto three = RunOnce(made, inputs, torch::kFloat, true);
  for (std::size_t i = 0; i < one.tensors.size(); ++i)
    EXPECT_TRUE(torch::equal(one.tensors[i], three.tensors[i]));
}

TEST(FusedNormTest, WithoutTrackingTheRunningStatisticsStay) {
  const auto x = torch::randn({2, 8, 4, 4}), mean = torch::zeros({8}), variance = torch::ones({8});
  FusedNorm({.last = 0}, kSpec, x, torch::ones({8}), torch::zeros({8}), mean, variance, false, {});
  EXPECT_TRUE(torch::equal(mean, torch::zeros({8})));
  EXPECT_TRUE(torch::equal(variance, torch::ones({8})));
}

// Two threads are the two processes, with one picture and with three.
TEST(FusedNormTest, ProcessesThatSumSeeTheStatisticsOfTheWholeBatch) {
  for (const Case& made : Cases()) {
    const auto inputs = MakeInputs(made);
    const auto whole = RunOnce(made, inputs, torch::kDouble, false);
    std::barrier<> both(2);
    std::array<torch::Tensor, 2> given;
    std::array<Outcome, 2> parts;
    const auto process = [&](std::size_t rank) {
      const auto part = [&](const torch::Tensor& tensor) {
        return rank == 0 ? tensor.slice(0, 0, 1) : tensor.slice(0, 1);
      };
      const auto sum = [&](torch::Tensor* numbers) {
        given[rank] = numbers->clone();
        both.arrive_and_wait();
        numbers->copy_(given[0] + given[1]);
        both.arrive_and_wait();
      };
      parts[rank] = RunOnce(made, {part(inputs.x), inputs.weight, inputs.bias, part(inputs.of_answer)},
                            torch::kDouble, true, sum);
    };
    { const std::jthread first(process, 0), second(process, 1); }
    Outcome joined = parts[0];
    for (const std::size_t i : {0, 1})
      joined.tensors[i] = torch::cat({parts[0].tensors[i], parts[1].tensors[i]});
    for (const std::size_t i : {2, 3}) joined.tensors[i] = parts[0].tensors[i] + parts[1].tensors[i];
    ExpectClose(joined, whole, 1e-11, "two processes");
    EXPECT_TRUE(torch::equal(parts[0].tensors[5], parts[1].tensors[5]));
  }
}

// Of every network: what it answers in training, and its gradients, against its nodes run one by one, which
// is what features of 16 bits or other devices get.
TEST(FusedNormTest, NetworksFindTheirChains) {
  const auto chains = [](const std::string& name) {
    const Graph graph = MakeModel(name)->graph();
    std::array<int, 3> lengths = {};
    for (int i = 0; i <= graph.answer(); ++i) {
      const NormChain chain = FindNormChain(graph, i);
      if (chain.last < chain.first) continue;
      ++lengths.at(static_cast<std::size_t>(chain.last - chain.first));
      i = chain.last;
    }
    return lengths;
  };
  EXPECT_EQ(chains("meso4"), (std::array{0, 0, 4}));              // ReLU, norm, pooling
  EXPECT_EQ(chains("efficientnet_b0"), (std::array{16, 33, 0}));  // with SiLU; without after narrowing
}

}  // namespace
}  // namespace seam
