#include "models/torch/grad_cam.h"

#include <torch/utils.h>

#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// Two channels of 2 x 2 places, their means, and one logit.
Graph TinyGraph() {
  Graph graph;
  int x = graph.Relu(graph.Conv(graph.Input(2), "conv", {.channels = 2}));
  x = graph.Flatten(graph.GlobalAveragePool(x));
  graph.BeginHead(x);
  graph.Linear(x, "fc", 1);
  return graph;
}

TEST(GradCamTest, TinyNetworkGivesTheMapWorkedByHand) {
  Model model({}, TinyGraph(), Model::kUnset);
  LoadWeights({{"conv.weight", torch::tensor({1.F, 0.F, 0.F, 0.F, 1.F, 0.F}).view({2, 3, 1, 1})},
               {"fc.weight", torch::tensor({{3.F, -2.F}})},
               {"fc.bias", torch::tensor({7.F})}},
              "hand", &model);
  model.eval();
  // Red is the first channel, green the second: 3 red - 2 green, over 4 places, and nothing below 0.
  const torch::Tensor red = torch::tensor({{10.F, 20.F}, {0.F, 40.F}});
  const torch::Tensor green = torch::tensor({{0.F, 30.F}, {50.F, 10.F}});
  const torch::Tensor clip = torch::stack({red, green, torch::zeros({2, 2})}).view({1, 1, 3, 2, 2});
  // 30, 0, -100, 100
  const torch::Tensor hand = torch::tensor({0.3F, 0.F, 0.F, 1.F}).view({1, 1, 2, 2});
  EXPECT_LT((GradCam(model, clip) - hand).abs().max().item<float>(), 1e-6F);
}

TEST(GradCamTest, PictureThatNothingInSpeaksForFakeHasAMapOfZeros) {
  Model model({}, TinyGraph());
  torch::NoGradGuard inference;
  model.parameters()[0].fill_(1);   // of the convolution
  model.parameters()[1].fill_(-1);  // of the classifier
  model.eval();
  const torch::Tensor map = GradCam(model, torch::ones({1, 1, 3, 2, 2}));
  EXPECT_EQ(map.abs().max().item<float>(), 0.F);
}

// The map that is explained is the picture itself, scaled: gradients can be had from the logit alone.
Graph ScaledPictures(int frames) {
  Graph graph;
  int x = graph.Normalise(graph.Input(3), {0, 0, 0}, {1, 2, 4});
  x = graph.Flatten(x);
  graph.BeginHead(x);
  x = graph.Sigmoid(graph.Linear(x, "hidden", 6));
  if (frames > 1) x = graph.LastStep(graph.Lstm(graph.Windows(x, frames), "lstm", {.hidden = 4}));
  graph.Linear(x, "fc", 1);
  return graph;
}

torch::Tensor FiniteDifferences(Model* model, const torch::Tensor& clip) {
  constexpr double kStep = 1e-4;
  torch::NoGradGuard inference;
  torch::Tensor gradient = torch::zeros_like(clip);
  const auto numbers = clip.numel();
  for (std::int64_t i = 0; i < numbers; ++i) {
    torch::Tensor more = clip.clone(), less = clip.clone();
    more.view({-1})[i] += kStep;
    less.view({-1})[i] -= kStep;
    gradient.view({-1})[i] = ((model->forward(more) - model->forward(less)) / (2 * kStep))[0];
  }
  return gradient;
}

class GradCamOfFramesTest : public testing::TestWithParam<int> {};

TEST_P(GradCamOfFramesTest, GradientsAreThoseOfFiniteDifferences) {
  at::manual_seed(11);
  const int frames = GetParam();
  Model model({}, ScaledPictures(frames));
  model.to(torch::kDouble);
  model.eval();
  const torch::Tensor clip = torch::randn({1, frames, 3, 3, 3}, torch::kDouble);
  const torch::Tensor scale = torch::tensor({1., 2., 4.}, torch::kDouble).view({1, 1, 3, 1, 1});
  const torch::Tensor importance = (FiniteDifferences(&model, clip) * scale).mean({3, 4}, true);
  torch::Tensor expected = torch::relu((importance * clip / scale).sum(2));
  ASSERT_GT(expected.max().item<double>(), 0);
  expected /= expected.max();  // of the window, whose frames are compared
  EXPECT_LT((GradCam(model, clip) - expected).abs().max().item<double>(), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Frames, GradCamOfFramesTest, testing::Values(1, 3));

TEST(GradCamTest, EveryNetworkHasMapsOfItsOwnAndStaysAsItWas) {
  for (const std::string& name : FamilyModels()) {
    for (const char* head : {"none", "lstm"}) {
      SCOPED_TRACE(name + " " + head);
      at::manual_seed(5);
      TemporalOptions temporal;
      temporal.head = head;
      temporal.frames = 2;
      temporal.hidden = 4;
      const auto model = MakeModel(GetOptions(name, 96, nlohmann::json::object(), temporal));
      model->train();  // must not matter
      std::map<std::string, torch::Tensor> before;
      for (const auto& [weight, tensor] : ListWeights(*model)) before[weight] = tensor.detach().clone();
      const torch::Tensor clips = (Waves(4, 96, torch::kFloat) * 127 + 128).view({2, 2, 3, 96, 96});
      const torch::Tensor maps = GradCam(*model, clips);
      const int side = GridSide(model->graph()[FindLastMap(model->graph())].shape);
      EXPECT_EQ(maps.sizes(), (torch::IntArrayRef{2, 2, side, side}));
      EXPECT_GE(side, 2);
      EXPECT_GE(maps.min().item<float>(), 0.F);
      EXPECT_LE(maps.max().item<float>(), 1.F);
      EXPECT_TRUE(model->is_training());
      for (const auto& [weight, tensor] : ListWeights(*model)) {
        EXPECT_FALSE(tensor.grad().defined()) << weight;
        EXPECT_TRUE(torch::equal(tensor, before.at(weight))) << weight;
      }
    }
  }
}

TEST(GradCamTest, AClipsMapDoesNotDependOnTheOthersOfTheCall) {
  at::manual_seed(5);
  const auto model = MakeModel(GetOptions("meso4", 64));
  model->eval();
  const torch::Tensor clips = (Waves(3, 64, torch::kFloat) * 127 + 128).unsqueeze(1);
  const torch::Tensor together = GradCam(*model, clips), alone = GradCam(*model, clips.slice(0, 1, 2));
  EXPECT_LT((together.slice(0, 1, 2) - alone).abs().max().item<float>(), 1e-5F);
}

TEST(GradCamTest, NetworkWithoutPlacesIsAnError) {
  Graph graph;
  const int x = graph.Flatten(graph.Input(2));
  graph.BeginHead(x);
  graph.Linear(x, "fc", 1);
  EXPECT_EQ(CatchMessage([&] { FindLastMap(graph); }), "network: no step of it has places to show");
}

}  // namespace
}  // namespace seam
