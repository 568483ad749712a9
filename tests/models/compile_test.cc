#include "models/torch/compile.h"

#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "models/networks/graph.h"
#include "models/networks/matrices.h"
#include "models/torch/checkpoint.h"
#include "models/torch/folded_torch_model.h"
#include "models/torch/run_node.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"
#ifdef SEAM_ONEDNN
#include "models/networks/onednn_model.h"
#endif

namespace seam {
namespace {

// Weights and running statistics that are not what they are at first, so that each of them shows.
void Stir(Model* model) {
  torch::manual_seed(5);
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : ListWeights(*model)) {
    torch::Tensor weight = tensor;
    if (name.ends_with("running_var")) {
      weight.uniform_(0.6, 1.6);
    } else if (name.ends_with("running_mean") || name.ends_with("bias")) {
      weight.uniform_(-0.2, 0.2);
    } else if (weight.dim() == 1) {
      weight.uniform_(0.8, 1.2);
    }
  }
  model->eval();
}

std::shared_ptr<Model> Stirred(const ModelOptions& options) {
  torch::manual_seed(3);
  auto model = MakeModel(options);
  Stir(model.get());
  return model;
}

std::shared_ptr<Model> Stirred(Graph graph) {
  torch::manual_seed(3);
  auto model = std::make_shared<Model>(ModelOptions(), std::move(graph));
  Stir(model.get());
  return model;
}

// [n, T, S, S, 3]: smooth pictures, each of its own colours, with some noise.
torch::Tensor Clips(const InputSpec& input, int n) {
  torch::manual_seed(11);
  const torch::Tensor line = torch::arange(input.size, torch::kFloat) / static_cast<double>(input.size),
                      tint = torch::rand({n, input.frames, 1, 1, 3}),
                      map = (line.view({-1, 1, 1}) * 3).sin() + (line.view({1, -1, 1}) * 5).cos();
  const torch::Tensor noise = torch::rand({n, input.frames, input.size, input.size, 3});
  return ((map * tint + tint + 0.3 * noise) * 60 + 60).clamp(0, 255).to(torch::kByte).contiguous();
}

std::vector<double> Eager(Model* model, const torch::Tensor& clips) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = model->forward(clips.permute({0, 1, 4, 2, 3})).to(torch::kDouble).contiguous();
  return {logits.data_ptr<double>(), logits.data_ptr<double>() + logits.numel()};
}

std::vector<double> Compiled(const CompiledModel& model, const torch::Tensor& clips) {
  return model.Logits(clips.data_ptr<std::uint8_t>(), clips.size(0));
}

[[maybe_unused]] double Score(double logit) { return 1 / (1 + std::exp(-logit)); }

// The fp32 forms of this build answer as Model::forward() does.
void ExpectAsEager(Model* model, const std::string& what, int n = 2) {
  const torch::Tensor clips = Clips(model->input(), n);
  const std::vector<double> expected = Eager(model, clips);
  const auto compare = [&](const CompiledModel& compiled) {
    const std::vector<double> found = Compiled(compiled, clips);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], 1e-4 * std::max(1.0, std::abs(expected[i])))
          << what << ", " << compiled.description();
    }
  };
  compare(*Compile(*model, {.precision = "fp32", .device = "cpu"}));
  compare(*MakeFoldedTorchModel(FoldModel(*model), model->input(), torch::kCPU, false));
}

// Small pictures, with odd sides where the network's own are: operators and paddings are the same.
ModelOptions SmallOptions(const ModelEntry& entry) {
  return GetOptions(entry.name, entry.size % 2 == 0 ? 64 : 75);
}

TEST(CompileTest, EveryNetworkAnswersAsItsModelDoes) {
  for (const ModelEntry& entry : ModelRegistry()) {
    if (entry.name.starts_with("bnext_")) continue;  // as GraphOfSigns() below
    const ModelOptions options = SmallOptions(entry);
    ExpectAsEager(Stirred(options).get(), entry.name, 1);
  }
}

TEST(CompileTest, SignsAnswerAsTheirModelDoes) {
  const auto model = Stirred(GraphOfSigns());
  ExpectAsEager(model.get(), "weights between signs", 3);
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : ListWeights(*model)) {
    if (IsTemperature(name)) torch::Tensor(tensor).fill_(0);
  }
  ExpectAsEager(model.get(), "signs", 3);
}

TEST(CompileTest, ComputedChannelsAnswerAsTheirModelDoes) {
  for (const char* channels : {"rgb,gradient,fft,lbp", "dct,grey,rgb", "fft", "grey"}) {
    ModelOptions options;
    options.size = 64;
    options.input_channels = channels;
    ExpectAsEager(Stirred(options).get(), channels);
  }
}

TEST(CompileTest, WindowsAnswerAsTheirModelDoes) {
  std::vector<TemporalOptions> heads = {
      {.head = "mean", .frames = 3},
      {.head = "lstm", .frames = 3, .hidden = 8},
      {.head = "lstm", .frames = 4, .hidden = 8, .layers = 3, .steps = "mean"},
      {.head = "lstm", .frames = 4, .hidden = 8, .layers = 2, .bidirectional = true},
      {.head = "lstm", .frames = 1, .hidden = 8, .bidirectional = true, .projection = 12}};
  for (const TemporalOptions& temporal : heads) {
    ModelOptions options;
    options.temporal = temporal;
    ExpectAsEager(Stirred(options).get(), options.ToJson().dump());
  }
}

// A network with a place for everything that a graph may hold and that folding must see: a norm that follows
// an activation, a result that two nodes use, sums of either order, padding that differs by side.
Graph Maze() {
  Graph graph;
  int x = graph.Normalise(graph.Input(19), {100, 120, 140}, {50, 60, 70});
  ConvSpec odd{.channels = 8, .kernel = 3, .stride = 2, .pad_before = 0, .pad_after = 1};
  x = graph.BatchNorm(graph.Relu(graph.Conv(x, "a", odd)), "a_norm");
  const int shared = graph.BatchNorm(graph.Conv(x, "b", {.channels = 8, .bias = true}), "b_norm");
  const int active = graph.Relu(shared);  // `shared` is needed again below
  const int deep = graph.Conv(
      active, "c", {.channels = 8, .kernel = 3, .dilation = 2, .groups = 4, .pad_before = 2, .pad_after = 2});
  x = graph.LeakyRelu(graph.Add(graph.DropPath(graph.BatchNorm(deep, "c_norm"), 0.5), shared), 0.1);
  x = graph.Add(x, graph.Conv(x, "d", {.channels = 8}));
  x = graph.Relu(graph.Add(graph.Silu(x), graph.MaxPool(x, 3, 1, 1, 1)));
  x = graph.Concat({x, graph.Sigmoid(shared), active});
  const int factors =
      graph.Sigmoid(graph.Conv(graph.GlobalAveragePool(x), "e", {.channels = 24, .bias = true}));
  x = graph.MaxPool(graph.BatchNorm(graph.Scale(x, factors), "norm"), 2, 2);
  const int features = graph.Flatten(x);
  graph.BeginHead(features);
  x = graph.BatchNorm(graph.Linear(graph.Dropout(features, 0.5), "dense", 6, false), "dense_norm");
  graph.Linear(graph.BatchNorm(graph.Sigmoid(x), "last_norm"), "last", 1);
  return graph;
}

// Every operator of maps that detectors have beside their layers.
Graph MazeOfMaps() {
  Graph graph;
  const int pictures = graph.Input(24);
  int x = graph.Normalise(pictures, {100, 120, 140}, {50, 60, 70});
  const int spectrum = graph.Transform(x, CosineTransform(24, 24));
  const int low =
      graph.Transform(graph.BandFilter(spectrum, "band", {3, 20}), InverseCosineTransform(24, 24));
  const int small = graph.Transform(x, LinearResizing({24, 24}, {12, 8}));
  const int large = graph.Abs(graph.Transform(small, LinearResizing({12, 8}, {24, 24})));
  x = graph.Concat({low, graph.Channels(pictures, {PictureChannel::kPhase}), graph.Tanh(x), large});
  x = graph.Conv(x, "a", {.channels = 8, .kernel = 3, .stride = 2, .pad_before = 1, .pad_after = 1});
  std::vector<float> fixed;
  for (int i = 0; i < 16 * 9; ++i) fixed.push_back(static_cast<float>(i % 7 - 3) / 4);
  const ConvSpec around = {.channels = 16, .kernel = 3, .groups = 8, .pad_before = 1, .pad_after = 1};
  const int noise = graph.Clip(graph.BatchNorm(graph.FixedConv(x, around, fixed), "noise"), 0.5);
  x = graph.Add(x, graph.Clip(graph.Conv(noise, "b", {.channels = 8}), 0.4));
  x = graph.Add(graph.Scale(x, graph.Sigmoid(graph.ChannelMax(noise))), x);
  const int shares = graph.WindowSoftmax(graph.Conv(x, "c", {.channels = 8}), 4);
  x = graph.Add(x, graph.Clip(graph.MaxPool(graph.Scale(shares, x), 3, 1, 1, 1), 0.3));
  const int queries = graph.Tokens(graph.Conv(x, "q", {.channels = 4})),
            keys = graph.Tokens(graph.Conv(x, "k", {.channels = 4})),
            values = graph.Tokens(graph.Conv(x, "v", {.channels = 8}));
  const int weights = graph.Softmax(graph.Linear(graph.Product(queries, keys, true), "w", 144));
  x = graph.Add(graph.Map(graph.ChannelScale(graph.Product(weights, values, false), "gamma"), 12, 12), x);
  const int both = graph.Concat({graph.GlobalAveragePool(x), graph.GlobalDeviation(x)});
  const int vectors = graph.Squash(graph.Conv(both, "d", {.channels = 24, .bias = true}), 4);
  const int classes = graph.Routing(vectors, {.capsules = 4, .classes = 2, .iterations = 3});
  const int features = graph.Flatten(classes);
  graph.BeginHead(features);
  graph.Linear(features, "last", 1);
  return graph;
}

TEST(CompileTest, OperatorsOfMapsAnswerAlike) {
  ExpectAsEager(Stirred(MazeOfMaps()).get(), "maze of maps", 3);
}

TEST(CompileTest, FoldingSeesWhatElseNeedsAResult) { ExpectAsEager(Stirred(Maze()).get(), "maze", 3); }

// The same of tokens: a sequence that two nodes use, sums of either order, factors that no dense layer takes
// in, positions that are resampled.
Graph MazeOfTokens() {
  Graph graph;
  int x = graph.Normalise(graph.Input(20), {100, 120, 140}, {50, 60, 70});
  x = graph.Tokens(graph.Conv(x, "patches", {.channels = 16, .kernel = 4, .stride = 4}));
  x = graph.Positions(graph.Prepend(graph.Prepend(x, "registers", 2), "class", 1), "positions", 3);
  const int shared = graph.LayerNorm(x, "norm", 1e-5);
  int y = graph.Attention(graph.Linear(shared, "qkv", 48), {.heads = 4});
  x = graph.Add(graph.DropPath(graph.ChannelScale(graph.Linear(y, "out", 16, false), "scale"), 0.5), shared);
  x = graph.Add(shared, graph.QuickGelu(graph.Linear(graph.Gelu(graph.Linear(x, "up", 24)), "down", 16)));
  std::vector<float> angles(28 * 2, 0);
  for (std::size_t i = 6; i < angles.size(); ++i) angles[i] = static_cast<float>(i) * 0.3F;
  y = graph.Attention(graph.Linear(x, "turned", 48), {.heads = 4, .angles = angles});
  x = graph.GeluTanh(graph.Add(y, graph.ChannelScale(x, "factors")));
  const int pooled = graph.AttentionPool(graph.Linear(x, "kv", 32), "query", 2), mean = graph.MeanOverTime(x),
            first = graph.FirstStep(x);
  const int features = graph.UnitLength(graph.Add(graph.Add(pooled, mean), first));
  graph.BeginHead(features);
  graph.Linear(features, "last", 1);
  return graph;
}

TEST(CompileTest, FoldingOfTokensSeesWhatElseNeedsAResult) {
  ExpectAsEager(Stirred(MazeOfTokens()).get(), "maze of tokens", 3);
}

// A detector's kind of network: a picture that is no square, no head, and results of several kinds, of which
// one is needed further on.
Graph WithOutputs() {
  Graph graph;
  int x = graph.Normalise(graph.Input(24, 40), {100, 120, 140}, {50, 60, 70});
  x = graph.Normalise(x, {0.1F, 0.2F, 0.3F}, {2, 2, 2});
  const int fine = graph.Relu(graph.Conv(
      x, "fine", {.channels = 8, .kernel = 3, .stride = 2, .pad_before = 1, .pad_after = 1, .bias = true}));
  const int coarse = graph.Relu(graph.BatchNorm(
      graph.Conv(fine, "coarse", {.channels = 8, .kernel = 3, .stride = 2, .pad_before = 1, .pad_after = 1}),
      "norm"));
  const int sum = graph.Add(fine, graph.Upsample(coarse, 2));
  // Winograd's convolutions after each other, whose results others need as well.
  const ConvSpec wide = {.channels = 32, .kernel = 3, .pad_before = 1, .pad_after = 1, .bias = true};
  const int first = graph.Relu(graph.Conv(sum, "first", wide)), second = graph.Conv(first, "second", wide);
  graph.Output("second", graph.Relu(second));
  graph.Output("fourth", graph.Conv(graph.answer(), "fourth", wide));
  graph.Output("both", graph.Add(graph.Conv(first, "third", wide), first));
  const int both = graph.Relu(graph.Concat(
      {graph.Conv(sum, "left", {.channels = 4}), graph.Conv(sum, "right", {.channels = 6, .bias = true})}));
  graph.Output("map", graph.Conv(both, "map", {.channels = 3, .bias = true}));
  graph.Output("coarse", coarse);
  graph.Output("mean", graph.Flatten(graph.GlobalAveragePool(both)));
  return graph;
}

// What the graph itself says, node by node: the outputs of `pictures` [n, H, W, 3], channels last.
std::vector<torch::Tensor> NodeByNode(const Model& model, const torch::Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  const auto weights = ListWeights(model);
  std::vector<torch::Tensor> values;
  for (const Node& node : model.graph().nodes()) {
    std::vector<torch::Tensor> inputs;
    for (const int input : node.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    if (node.op == Op::kInput) inputs = {pictures.permute({0, 3, 1, 2}).to(torch::kFloat)};
    values.push_back(RunNode(
        node, inputs, [&](const std::string& name) { return weights.at(node.name + "." + name); },
        RunMode()));
  }
  std::vector<torch::Tensor> outputs;
  for (const NamedOutput& output : model.graph().outputs()) {
    const torch::Tensor value = values[static_cast<std::size_t>(output.node)];
    outputs.push_back(value.dim() == 4 ? value.permute({0, 2, 3, 1}).contiguous() : value);
  }
  return outputs;
}

TEST(CompileTest, NamedOutputsOfRectanglesAreThoseOfTheGraph) {
  const auto model = Stirred(WithOutputs());
  torch::manual_seed(7);
  const torch::Tensor pictures = torch::randint(0, 256, {3, 24, 40, 3}, torch::kByte);
  const std::vector<torch::Tensor> expected = NodeByNode(*model, pictures);
  const FoldedGraph folded = FoldModel(*model);
  const InputSpec input = GetInput(model->graph());
  std::vector<std::unique_ptr<CompiledModel>> forms;
  forms.push_back(Compile(folded, input, {.precision = "fp32", .device = "cpu"}));
  forms.push_back(MakeFoldedTorchModel(folded, input, torch::kCPU, false));
#ifdef SEAM_ONEDNN
  forms.push_back(CompileForCpu(folded, input, {.winograd = true}));
#endif
  for (const auto& form : forms) {
    const auto found = form->Outputs(pictures.data_ptr<std::uint8_t>(), 3);
    ASSERT_EQ(found.size(), 6U);
    EXPECT_EQ(form->outputs()[3].name, "map");
    EXPECT_EQ(form->outputs()[3].shape, (Shape{.channels = 3, .height = 12, .width = 20}));
    EXPECT_EQ(form->outputs()[5].shape, (Shape{.channels = 10}));
    for (std::size_t i = 0; i < found.size(); ++i) {
      const torch::Tensor numbers = torch::tensor(found[i]).view(expected[i].sizes());
      EXPECT_LT((numbers - expected[i]).abs().max().item<float>(), 1e-3) << form->description() << " " << i;
    }
    EXPECT_EQ(CatchMessage([&] { form->Features(pictures.data_ptr<std::uint8_t>(), 1); }),
              "network: it has no head: it answers its named outputs alone");
  }
}

TEST(CompileTest, FeaturesAreThoseOfTheModel) {
  ModelOptions options;
  options.model = "resnet18";
  options.size = 64;
  const auto model = Stirred(options);
  const torch::Tensor clips = Clips(model->input(), 3);
  const torch::NoGradGuard no_grad;
  const torch::Tensor expected = model->Features(clips.flatten(0, 1).permute({0, 3, 1, 2}).to(torch::kFloat));
  const std::vector<float> found =
      Compile(*model, {.precision = "fp32", .device = "cpu"})->Features(clips.data_ptr<std::uint8_t>(), 3);
  ASSERT_EQ(static_cast<std::int64_t>(found.size()), expected.numel());
  EXPECT_LT((torch::tensor(found) - expected.flatten()).abs().max().item<float>(), 1e-3);
}

TEST(CompileTest, AClipsLogitDoesNotDependOnTheOthers) {
  const auto model = Stirred(ModelOptions());
  const torch::Tensor clips = Clips(model->input(), 5);
  const auto compiled = Compile(*model, {});
  const std::vector<double> together = Compiled(*compiled, clips);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(Compiled(*compiled, clips.slice(0, i, i + 1))[0], together[static_cast<std::size_t>(i)],
                1e-5);
  }
  EXPECT_TRUE(Compiled(*compiled, clips.slice(0, 0, 0)).empty());
}

TEST(CompileTest, ThreadsAtOnceGetTheSameBitsAsOneAlone) {
  ModelOptions options;
  options.temporal = {.head = "lstm", .frames = 2, .hidden = 8};
  const auto model = Stirred(options);
  const torch::Tensor clips = Clips(model->input(), 4);
  const auto compiled = Compile(*model, {});
  const std::vector<double> alone = Compiled(*compiled, clips);
  std::vector<std::vector<double>> answers(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : answers) {
      threads.emplace_back([&] {
        for (int i = 0; i < 3; ++i) mine = Compiled(*compiled, clips);
      });
    }
  }
  for (const auto& mine : answers) EXPECT_EQ(mine, alone);
}

TEST(CompileTest, KeepsItsOwnWeights) {
  auto model = Stirred(ModelOptions());
  const torch::Tensor clips = Clips(model->input(), 1);
  const auto compiled = Compile(*model, {.precision = "fp32", .device = "cpu"});
  const std::vector<double> before = Compiled(*compiled, clips);
  for (auto& [name, tensor] : ListWeights(*model)) torch::NoGradGuard(), tensor.detach().zero_();
  EXPECT_EQ(Compiled(*compiled, clips), before);
  model.reset();
  EXPECT_EQ(Compiled(*compiled, clips), before);
}

TEST(CompileTest, CudaWhereThereIsNoneIsAnError) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is one";
  const auto model = Stirred(ModelOptions());
  EXPECT_EQ(CatchMessage([&] { Compile(*model, {.device = "cuda"}); }),
            "--device: there is no CUDA device that this LibTorch can use");
}

TEST(CompileTest, Bf16MovesScoresByAtMostAHundredth) {
#ifdef SEAM_ONEDNN
  if (!HasNativeBf16()) GTEST_SKIP() << "this processor has no bfloat16";
  // One of each family.
  for (const char* name : {"meso4", "mesoinception4", "efficientnet_b0", "xception", "resnet18", "vit_s16",
                           "srm", "recce", "capsule"}) {
    const auto model = Stirred(SmallOptions(FindModel(name)));
    const torch::Tensor clips = Clips(model->input(), 1);
    const double exact = Eager(model.get(), clips)[0],
                 rounded = Compiled(*Compile(*model, {.precision = "bf16", .device = "cpu"}), clips)[0];
    EXPECT_NEAR(Score(rounded), Score(exact), 0.01) << name << " " << exact;
  }
#else
  EXPECT_EQ(CatchMessage([] { Compile(*Stirred(ModelOptions()), {.precision = "bf16", .device = "cpu"}); }),
            "--precision: bf16 on the CPU needs a Seam that was built with oneDNN");
#endif
}

}  // namespace
}  // namespace seam
