#include "models/zoo/meso.h"

#include <torch/nn/functional/loss.h>
#include <torch/optim/adamw.h>
#include <torch/utils.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

torch::Tensor RandomClips(int count, int frames = 1, int size = 256) {
  return torch::randint(0, 256, {count, frames, 3, size, size}, torch::kByte);
}

ModelOptions Options(const std::string& model, const nlohmann::json& variant = nlohmann::json::object(),
                     int size = -1) {
  ModelOptions options;
  options.model = model;
  options.variant = variant;
  options.size = size;
  return options;
}

// Keras counts running statistics too.
void ExpectCounts(const ModelOptions& options, std::int64_t trainable, std::int64_t all) {
  const auto model = MakeModel(options);
  EXPECT_EQ(CountTrainable(*model), trainable);
  EXPECT_EQ(CountParameters(*model), all);
}

TEST(MesoTest, HasTheParametersOfThePublishedNetworks) {
  ExpectCounts(Options("meso4"), 27'977, 28'073);
  ExpectCounts(Options("mesoinception4"), 28'615, 28'725);
}

TEST(MesoTest, HasTheParametersOfOthersVariants) {
  // DeepfakeForensics' Meso4, and HongguLiu's with its second logit taken away.
  ExpectCounts(Options("meso4", {{"bias_free", true}}, 224), 24'089, 24'089 + 96);
  ExpectCounts(Options("meso4", {{"bias_free", true}, {"shared_norms", true}}), 27'946 - 48 - 17,
               27'946 - 17);
}

// DeepfakeForensics' Meso4LSTM keeps the head of its Meso4, which nothing uses: 784 features to 16 to 1.
TEST(MesoTest, HasTheParametersOfMeso4Lstm) {
  ModelOptions options = Options("meso4", {{"bias_free", true}}, 224);
  options.temporal = {.head = "lstm", .frames = 5, .hidden = 128, .layers = 5, .dropout = 0.2};
  const std::int64_t unused = 784 * 16 + 16 + 16 * 1 + 1;
  EXPECT_EQ(CountTrainable(*MakeModel(options)), 1'022'522 - unused);
}

TEST(MesoTest, SizeThatThePoolingDoesNotDivideIsAnError) {
  EXPECT_EQ(CatchMessage([] { MakeModel(Options("meso4", {}, 250)); }),
            "meso4: pictures of 250 pixels do not fit");
  EXPECT_EQ(CatchHint([] { MakeModel(Options("mesoinception4", {}, 16)); }), "choose a multiple of 32");
}

TEST(MesoTest, UnknownVariantIsAnErrorThatListsTheKnown) {
  EXPECT_EQ(CatchMessage([] {
              MakeModel(Options("meso4", {{"tf", true}}));
            }),
            "variant: meso4 does not know 'tf'");
  EXPECT_EQ(CatchHint([] {
              MakeModel(Options("meso4", {{"tf", true}}));
            }),
            "it knows: bias_free, torch_norms, shared_norms, scale");
  EXPECT_EQ(CatchMessage([] {
              MakeModel(Options("meso4", {{"scale", "double"}}));
            }),
            "variant: scale='double' makes no sense for meso4");
  EXPECT_EQ(CatchHint([] {
              MakeModel(Options("meso4", {{"scale", "double"}}));
            }),
            "scale is one of unit, half, imagenet, clip");
}

TEST(MesoTest, StartsAsKerasDoes) {
  torch::manual_seed(1);
  const auto model = MakeModel("meso4");
  const Model& network = *model;
  for (const auto& [name, tensor] : ListWeights(network)) {
    if (name.find("bias") != std::string::npos || name.find("running_mean") != std::string::npos) {
      EXPECT_EQ(tensor.abs().sum().item<double>(), 0) << name;
    } else if (name.find("norm") != std::string::npos) {
      EXPECT_TRUE(tensor.eq(1).all().item<bool>()) << name;
    }
  }
  // Glorot: uniform below sqrt(6 / (fan in + fan out)).
  const double bound = std::sqrt(6.0 / (1024 + 16));
  const double greatest = ListWeights(network).at("dense1.weight").abs().max().item<double>();
  EXPECT_LE(greatest, bound);
  EXPECT_GT(greatest, 0.99 * bound);
}

TEST(MesoTest, FeaturesAreChannelsThenRowsThenColumns) {
  torch::manual_seed(1);
  const auto model = MakeModel("meso4");
  Model& network = *model;
  network.eval();
  const auto pictures = torch::rand({2, 3, 256, 256}) * 255;
  const auto features = network.Features(pictures);
  EXPECT_EQ(features.sizes(), torch::IntArrayRef({2, 1024}));
  // Also where the pictures lie in memory channels last.
  const auto last = network.Features(pictures.contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::allclose(features, last, 1e-4, 1e-5));
}

// The loss after at most 100 steps on eight clips of noise.
double LossByHeart(ModelOptions options, int frames) {
  torch::manual_seed(1);
  options.dropout = 0;
  const auto network = MakeModel(options);
  network->train();
  const auto side = network->input().size;
  const auto clips = torch::randint(0, 256, {8, frames, 3, side, side}, torch::kByte);
  const auto labels = torch::tensor({0., 1., 0., 1., 1., 0., 1., 0.}, torch::kFloat);
  torch::optim::AdamW optimiser(network->parameters(), torch::optim::AdamWOptions(3e-3));
  double loss = 1;
  for (int step = 0; step < 100 && loss > 0.02; ++step) {
    optimiser.zero_grad();
    const auto value =
        torch::nn::functional::binary_cross_entropy_with_logits(network->forward(clips), labels);
    value.backward();
    optimiser.step();
    loss = value.item<double>();
  }
  return loss;
}

TEST(MesoTest, LearnsEightClipsByHeart) { EXPECT_LT(LossByHeart({}, 1), 0.02); }

TEST(MesoTest, LearnsEightWindowsByHeartWithAnLstm) {
  ModelOptions options;
  options.size = 64;
  options.temporal.head = "lstm";
  options.temporal.frames = 3;
  EXPECT_LT(LossByHeart(options, 3), 0.02);
}

TEST(MesoTest, DropoutActsInTrainingOnly) {
  torch::manual_seed(1);
  const auto model = MakeModel("meso4");
  Model& network = *model;
  const torch::NoGradGuard no_grad;
  const auto clips = RandomClips(4);
  network.train();
  EXPECT_FALSE(torch::equal(network.forward(clips), network.forward(clips)));
  network.eval();
  EXPECT_TRUE(torch::equal(network.forward(clips), network.forward(clips)));
}

TEST(MesoTest, RunningStatisticsMoveByAHundredthInTrainingAndRestInEval) {
  torch::manual_seed(1);
  const auto model = MakeModel("meso4");
  Model& network = *model;
  const torch::NoGradGuard no_grad;
  const auto variance = ListWeights(network).at("norm1.running_var");
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
