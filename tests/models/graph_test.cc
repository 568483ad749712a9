#include "models/networks/graph.h"

#include <torch/nn/modules/rnn.h>
#include <torch/utils.h>

#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// A network of `graph` alone, to run its last node.
class Network {
 public:
  explicit Network(const Graph& graph) : model_(ModelOptions(), graph) {
    torch::manual_seed(5);
    model_.eval();
  }
  torch::Tensor Run(const torch::Tensor& pictures) { return model_.Run(pictures, model_.graph().answer()); }
  Model& model() { return model_; }

 private:
  Model model_;
  torch::NoGradGuard no_grad_;
};

TEST(GraphTest, ShapesFollowTheWindows) {
  Graph graph;
  const int x = graph.Input(33);
  EXPECT_EQ(graph[graph.Conv(x, "a", {.channels = 6, .kernel = 3, .stride = 2})].shape, (Shape{6, 16, 16}));
  EXPECT_EQ(graph[graph.Conv(x, "b", {.channels = 6, .kernel = 3, .dilation = 4})].shape, (Shape{6, 25, 25}));
  EXPECT_EQ(graph[graph.MaxPool(x, 3, 2, 1, 1)].shape, (Shape{3, 17, 17}));
  EXPECT_EQ(graph[graph.Flatten(x)].shape, (Shape{3 * 33 * 33}));
}

TEST(GraphTest, PicturesMayBeRectangles) {
  Graph graph;
  const int x = graph.Input(32, 48);
  const int half = graph.MaxPool(x, 2, 2);
  EXPECT_EQ(graph[half].shape, (Shape{3, 16, 24}));
  EXPECT_EQ(graph[graph.Upsample(half, 2)].shape, graph[x].shape);
  EXPECT_EQ(graph[graph.GlobalAveragePool(x)].shape, (Shape{3}));
  EXPECT_EQ(GetInput(graph).width, 48);
}

TEST(GraphTest, OutputsHaveNamesOfTheirOwnAndAreOfTheBackbone) {
  Graph graph;
  const int x = graph.Input(8), vector = graph.Flatten(x);
  graph.Output("pixels", x);
  EXPECT_EQ(CatchMessage([&] { graph.Output("pixels", vector); }),
            "network: pixels: two outputs have this name");
  graph.BeginHead(vector);
  const int answer = graph.Linear(vector, "dense", 1);
  EXPECT_EQ(CatchMessage([&] { graph.Output("answer", answer); }),
            "network: answer: is of the head; the backbone's results alone can be named");
}

TEST(GraphTest, WhatDoesNotFitIsAnError) {
  Graph graph;
  const int x = graph.Input(8);
  const int vector = graph.Flatten(x);
  EXPECT_EQ(CatchMessage([&] { graph.Conv(x, "conv", {.channels = 4, .groups = 2}); }),
            "network: conv: 2 groups do not divide 3 and 4 channels");
  EXPECT_EQ(CatchMessage([&] { graph.Conv(x, "conv", {.channels = 4, .kernel = 9}); }),
            "network: conv: a kernel over 9 pixels does not fit a side of 8");
  EXPECT_EQ(CatchMessage([&] { graph.Linear(x, "dense", 2); }),
            "network: dense: a dense layer takes vectors; flatten the map first");
  EXPECT_EQ(CatchMessage([&] { graph.Add(x, vector); }), "network: add: its parts differ in shape");
  EXPECT_EQ(CatchMessage([&] { graph.Lstm(vector, "lstm", {}); }), "network: lstm: an LSTM takes windows");
  EXPECT_EQ(CatchMessage([&] { graph.Relu(99); }), "network: there is no node 99");
}

TEST(GraphTest, SharedNameOfTwoShapesIsAnError) {
  Graph graph;
  const int x = graph.Flatten(graph.Input(2));
  graph.Linear(graph.Linear(x, "dense", 12), "dense", 5);
  EXPECT_EQ(CatchMessage([&] { ListWeights(graph); }), "network: dense.weight: is [12, 12] and [5, 12]");
}

TEST(GraphTest, SharedNormIsOneSetOfWeights) {
  Graph graph;
  const int x = graph.Input(4);
  graph.BatchNorm(graph.BatchNorm(x, "norm"), "norm");
  EXPECT_EQ(ListWeights(graph).size(), 4u);
}

// 16 outputs, 3 * 3 * 3 each, at 32 x 32 places; 16 * 2 in the dense layer.
TEST(GraphTest, MultiplyAddsAreCountedAClip) {
  Graph graph;
  int x = graph.Conv(graph.Input(32), "conv", {.channels = 16, .kernel = 3, .pad_before = 1, .pad_after = 1});
  x = graph.Flatten(graph.GlobalAveragePool(x));
  const std::int64_t picture = 32 * 32 * 16 * 27;
  Graph image = graph;
  image.Linear(x, "dense", 2);
  EXPECT_EQ(CountMultiplyAdds(image), picture + 16 * 2);
  x = graph.Lstm(graph.Windows(x, 5), "lstm", {.hidden = 8, .layers = 2, .bidirectional = true});
  graph.Linear(graph.LastStep(x), "dense", 2);
  const std::int64_t lstm = 2 * 4 * 8 * (16 + 8) + 2 * 4 * 8 * (16 + 8);
  EXPECT_EQ(CountMultiplyAdds(graph), 5 * (picture + lstm) + 16 * 2);
}

// TensorFlow's documentation: 5 pixels at stride 2 under a kernel of 3 need one zero on either side, 6 one
// after.
TEST(GraphTest, SamePaddingMayDifferByOne) {
  ConvSpec odd = {.kernel = 3, .stride = 2}, even = odd;
  SamePadding(5, &odd);
  SamePadding(6, &even);
  EXPECT_EQ(std::make_pair(odd.pad_before, odd.pad_after), std::make_pair(1, 1));
  EXPECT_EQ(std::make_pair(even.pad_before, even.pad_after), std::make_pair(0, 1));
}

TEST(GraphTest, UnevenPaddingShiftsTheKernel) {
  Graph graph;
  graph.Conv(graph.Input(4), "conv", {.channels = 1, .kernel = 3, .stride = 2, .pad_after = 1});
  Network network(graph);
  ListWeights(network.model()).at("conv.weight").fill_(1);
  const auto y = network.Run(torch::ones({1, 3, 4, 4}));
  EXPECT_TRUE(torch::equal(y[0][0], torch::tensor({{27.F, 18.F}, {18.F, 12.F}})));
}

TEST(GraphTest, PoolingsPaddingIsNeverTheGreatest) {
  for (const int before : {0, 1}) {
    Graph graph;
    graph.MaxPool(graph.Input(4), 3, 2, before, 1);
    Network network(graph);
    EXPECT_TRUE(network.Run(torch::full({1, 3, 4, 4}, -7.F)).eq(-7).all().item<bool>());
  }
}

class LstmTest : public testing::TestWithParam<bool> {};

TEST_P(LstmTest, AnswersAsLibTorchsModule) {
  const int layers = 2, hidden = 3, frames = 4;
  Graph graph;
  const int x = graph.Windows(graph.Flatten(graph.Input(2)), frames);
  graph.Lstm(x, "lstm", {.hidden = hidden, .layers = layers, .bidirectional = GetParam()});
  Network network(graph);
  torch::nn::LSTM module(
      torch::nn::LSTMOptions(12, hidden).num_layers(layers).batch_first(true).bidirectional(GetParam()));
  auto weights = ListWeights(network.model());
  const auto parameters = module->named_parameters();
  ASSERT_EQ(parameters.size(), weights.size());
  for (const auto& parameter : parameters) weights.at("lstm." + parameter.key()).copy_(parameter.value());
  const auto pictures = torch::rand({3 * frames, 3, 2, 2});
  const auto [output, state] = module->forward(pictures.view({3, frames, 12}));
  EXPECT_TRUE(torch::allclose(network.Run(pictures), output, 1e-6, 1e-6));
}

// LibTorch's own final states: of the top layer, forward and then backward.
TEST_P(LstmTest, LastStepIsTheStateAfterTheWholeWindow) {
  Graph graph;
  const int x = graph.Windows(graph.Flatten(graph.Input(2)), 4);
  graph.LastStep(graph.Lstm(x, "lstm", {.hidden = 3, .layers = 2, .bidirectional = GetParam()}));
  Network network(graph);
  torch::nn::LSTM module(
      torch::nn::LSTMOptions(12, 3).num_layers(2).batch_first(true).bidirectional(GetParam()));
  auto weights = ListWeights(network.model());
  for (const auto& parameter : module->named_parameters())
    weights.at("lstm." + parameter.key()).copy_(parameter.value());
  const auto pictures = torch::rand({8, 3, 2, 2});
  const auto hidden = std::get<0>(std::get<1>(module->forward(pictures.view({2, 4, 12}))));
  const auto top = GetParam() ? torch::cat({hidden[2], hidden[3]}, 1) : hidden[1];
  EXPECT_TRUE(torch::allclose(network.Run(pictures), top, 1e-6, 1e-6));
}

INSTANTIATE_TEST_SUITE_P(Directions, LstmTest, testing::Bool());

// Of 4000 rows each is kept with a chance of 0.75, and then divided by it.
TEST(GraphTest, DropPathDropsWholeRowsAndKeepsTheMean) {
  Graph graph;
  graph.DropPath(graph.Input(2), 0.25);
  Network network(graph);
  const auto ones = torch::ones({4000, 3, 2, 2});
  EXPECT_TRUE(torch::equal(network.Run(ones), ones));
  network.model().train();
  const auto rows = network.Run(ones).flatten(1);
  EXPECT_TRUE(rows.eq(rows.select(1, 0).unsqueeze(1)).all().item<bool>());
  EXPECT_TRUE((rows.eq(0) | rows.sub(1 / 0.75).abs().lt(1e-6)).all().item<bool>());
  EXPECT_NEAR(rows.mean().item<double>(), 1, 0.04);  // four standard errors
}

TEST(GraphTest, PicturesThatAreNoWholeWindowsAreAnError) {
  Graph graph;
  graph.Windows(graph.Flatten(graph.Input(2)), 4);
  Network network(graph);
  EXPECT_EQ(CatchMessage([&] {
              network.Run(torch::zeros({6, 3, 2, 2}));
            }),
            "pictures: 6 are not whole windows of 4 frames");
}

}  // namespace
}  // namespace seam
