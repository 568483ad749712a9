#include "models/meso4.h"

#include <torch/nn/functional/loss.h>
#include <torch/optim/adamw.h>
#include <torch/utils.h>

#include <cmath>

#include <gtest/gtest.h>

#include "models/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

torch::Tensor RandomClips(int count, int frames = 1, int size = 256) {
  return torch::randint(0, 256, {count, frames, 3, size, size}, torch::kByte);
}

TEST(Meso4Test, HasTheParametersOfThePublishedNetwork) {
  const Meso4 network;
  EXPECT_EQ(CountTrainable(network), 27'977);
  EXPECT_EQ(CountParameters(network), 28'073);
}

TEST(Meso4Test, SmallerInputKeepsConvolutionsAndShrinksTheHead) {
  Meso4 network({.size = 224});
  EXPECT_EQ(CountTrainable(network), 27'977 - (1024 - 784) * 16);
  EXPECT_EQ(network.forward(RandomClips(1, 1, 224)).sizes(), torch::IntArrayRef({1}));
}

TEST(Meso4Test, SizeThatThePoolingDoesNotDivideIsAnError) {
  EXPECT_EQ(MessageOf([] { Meso4({.size = 250}); }), "meso4: pictures of 250 pixels do not fit");
  EXPECT_EQ(MessageOf([] { Meso4({.size = 0}); }), "meso4: pictures of 0 pixels do not fit");
}

TEST(Meso4Test, StartsAsKerasDoes) {
  torch::manual_seed(1);
  const Meso4 network;
  for (const auto& [name, tensor] : WeightsOf(network)) {
    if (name.find("bias") != std::string::npos || name.find("running_mean") != std::string::npos) {
      EXPECT_EQ(tensor.abs().sum().item<double>(), 0) << name;
    } else if (name.find("norm") != std::string::npos) {
      EXPECT_TRUE(tensor.eq(1).all().item<bool>()) << name;
    }
  }
  // Glorot: uniform below sqrt(6 / (fan in + fan out)).
  const double bound = std::sqrt(6.0 / (1024 + 16));
  const double greatest = WeightsOf(network).at("dense1.weight").abs().max().item<double>();
  EXPECT_LE(greatest, bound);
  EXPECT_GT(greatest, 0.99 * bound);
}

TEST(Meso4Test, FeaturesAreChannelsThenRowsThenColumns) {
  torch::manual_seed(1);
  Meso4 network;
  network.eval();
  const auto pictures = torch::rand({2, 3, 256, 256});
  const auto features = network.Features(pictures);
  EXPECT_EQ(features.sizes(), torch::IntArrayRef({2, 1024}));
  // Also where the pictures lie in memory channels last.
  const auto last = network.Features(pictures.contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::allclose(features, last, 1e-4, 1e-5));
}

TEST(Meso4Test, GradientReachesEveryParameter) {
  torch::manual_seed(1);
  Meso4 network;
  network.train();
  network.forward(RandomClips(4)).pow(2).sum().backward();
  for (const auto& parameter : network.named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST(Meso4Test, LearnsEightClipsByHeart) {
  torch::manual_seed(1);
  Meso4 network({.dropout = 0});
  network.train();
  const auto clips = RandomClips(8);
  const auto labels = torch::tensor({0., 1., 0., 1., 1., 0., 1., 0.}, torch::kFloat);
  torch::optim::AdamW optimiser(network.parameters(), torch::optim::AdamWOptions(3e-3));
  double loss = 1;
  for (int step = 0; step < 60 && loss > 0.02; ++step) {
    optimiser.zero_grad();
    const auto value =
        torch::nn::functional::binary_cross_entropy_with_logits(network.forward(clips), labels);
    value.backward();
    optimiser.step();
    loss = value.item<double>();
  }
  EXPECT_LT(loss, 0.02);
}

TEST(Meso4Test, DropoutActsInTrainingOnly) {
  torch::manual_seed(1);
  Meso4 network;
  const torch::NoGradGuard no_grad;
  const auto features = torch::rand({4, 1024});
  network.train();
  EXPECT_FALSE(torch::equal(network.Classify(features), network.Classify(features)));
  network.eval();
  EXPECT_TRUE(torch::equal(network.Classify(features), network.Classify(features)));
}

TEST(Meso4Test, RunningStatisticsMoveByAHundredthInTrainingAndRestInEval) {
  torch::manual_seed(1);
  Meso4 network;
  const torch::NoGradGuard no_grad;
  const auto variance = WeightsOf(network).at("norm1.running_var");
  network.eval();
  network.forward(RandomClips(2));
  EXPECT_TRUE(variance.eq(1).all().item<bool>());
  network.train();
  network.forward(RandomClips(2));
  EXPECT_FALSE(variance.eq(1).any().item<bool>());
  EXPECT_GT(variance.min().item<double>(), 0.989);  // 0.99 of the old 1, whatever the batch
}

}  // namespace
}  // namespace seam
