#include "train/step.h"

#include <ATen/Context.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "models/torch/checkpoint.h"
#include "tests/support/support.h"
#include "train/classifier/classifier_batch.h"
#include "train/ema.h"

namespace seam {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Tensors = std::map<std::string, torch::Tensor>;

// A dense layer on the mean colour, 0 to 1: a logit is weight . colour + bias.
Graph LinearGraph() {
  Graph graph;
  int x = graph.Normalise(graph.Input(8), {0, 0, 0}, {255, 255, 255});
  x = graph.Flatten(graph.GlobalAveragePool(x));
  graph.BeginHead(x);
  graph.Linear(x, "dense", 1);
  return graph;
}

// A convolution with a norm, then dropout and a dense layer.
Graph NormGraph() {
  Graph graph;
  int x = graph.Normalise(graph.Input(8), {0, 0, 0}, {255, 255, 255});
  x = graph.Relu(graph.BatchNorm(graph.Conv(x, "conv", {.channels = 8, .kernel = 3}), "norm"));
  x = graph.Flatten(graph.GlobalAveragePool(x));
  graph.BeginHead(x);
  graph.Linear(graph.Dropout(x, 0.5), "dense", 1);
  return graph;
}

std::shared_ptr<Model> Fresh(const Graph& graph) {
  at::manual_seed(1);
  return std::make_shared<Model>(ModelOptions(), graph);
}

// A linear model of these weights and no bias.
std::shared_ptr<Model> LinearModel(float red, float green, float blue) {
  auto model = Fresh(LinearGraph());
  LoadWeights({{"dense.weight", torch::tensor({{red, green, blue}})}, {"dense.bias", torch::zeros({1})}},
              "test", model.get());
  return model;
}

Batch Colours(const std::vector<std::vector<float>>& colours, const std::vector<float>& labels) {
  Batch batch;
  batch.clips = torch::empty({static_cast<std::int64_t>(colours.size()), 1, 3, 8, 8});
  for (std::size_t i = 0; i < colours.size(); ++i) {
    for (int c = 0; c < 3; ++c) {
      batch.clips.select(0, static_cast<std::int64_t>(i))
          .select(1, c)
          .fill_(255 * colours[i][static_cast<std::size_t>(c)]);
    }
    batch.indices.push_back(i);
  }
  batch.labels = torch::tensor(labels);
  return batch;
}

Batch Noise(int clips, std::uint64_t seed) {
  at::manual_seed(seed);
  Batch batch;
  batch.clips = torch::randint(0, 256, {clips, 1, 3, 8, 8}).to(torch::kByte);
  batch.labels = torch::randint(0, 2, {clips}).to(torch::kFloat);
  for (int i = 0; i < clips; ++i) batch.indices.push_back(static_cast<std::size_t>(i));
  return batch;
}

std::vector<std::unique_ptr<TrainBatch>> Classified(const std::vector<Batch>& batches,
                                                    const ClassifierLossOptions& loss = {}) {
  std::vector<std::unique_ptr<TrainBatch>> classified;
  for (const Batch& batch : batches) classified.push_back(std::make_unique<ClassifierBatch>(batch, loss));
  return classified;
}

Tensors Copy(const Model& model) {
  Tensors copies;
  for (const auto& [name, tensor] : ListWeights(model)) copies[name] = tensor.detach().clone();
  return copies;
}

void ExpectSame(const Tensors& a, const Tensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

StepOptions PlainSgd() {
  StepOptions options;
  options.optimizer = {.optimizer = "sgd", .momentum = 0, .weight_decay = 0};
  return options;
}

TEST(ClassifierBatchTest, BalancedClassesWeighAsMuch) {
  Batch batch;
  batch.clips = torch::zeros({4, 1, 3, 8, 8}, torch::kUInt8);
  batch.labels = torch::tensor({1.0F, 0.0F, 0.0F, 0.0F});
  ClassifierLossOptions options;
  options.class_weights = "balanced";
  options.WeighClasses(30, 10);
  EXPECT_DOUBLE_EQ(options.real_weight, 2 / 3.0);
  EXPECT_DOUBLE_EQ(options.fake_weight, 2);
  const torch::Tensor logits = torch::tensor({std::log(3.0F), 0.0F, 0.0F, 0.0F});
  const auto loss = ClassifierBatch(batch, options).Loss({logits, {}});
  EXPECT_NEAR(loss.reported.item<double>(), -2 * std::log(0.75) + 2 * std::log(2.0), 1e-5);
}

// The weights after a step; dropout begins at the same place in all.
Tensors After(const StepOptions& options, const std::shared_ptr<Model>& model,
              const std::vector<Batch>& batches, GradientSync* sync = nullptr,
              const ClassifierLossOptions& loss = {}) {
  TrainStep step(options, {}, model, sync);
  step.BeginEpoch(false);
  at::manual_seed(7);
  EXPECT_EQ(step.Run(Classified(batches, loss), 0.5).outcome, StepResult::kUpdated);
  return Copy(*model);
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Of NormGraph's map, 6 cells wide, each clip has an edge in the left half, or it is unknown.
Batch Edged(bool known) {
  Batch batch = Noise(4, 3);
  batch.clips.narrow(4, 0, 4).fill_(10);
  batch.xray = torch::full({4, 1, 6, 6}, known ? 0.F : -1.F);
  if (known) batch.xray.narrow(3, 0, 3).fill_(1);
  return batch;
}

TEST(TrainStepTest, XrayTeachesWhereAndUnknownOnesNothing) {
  const ClassifierLossOptions traced{.xray = 1};
  const auto after = [](const Batch& batch, const ClassifierLossOptions& loss) {
    return After(PlainSgd(), Fresh(NormGraph()), {batch}, nullptr, loss);
  };
  const Tensors without = after(Edged(true), {});
  ExpectSame(after(Edged(false), traced), without);
  EXPECT_FALSE(torch::equal(after(Edged(true), traced).at("conv.weight"), without.at("conv.weight")));

  const auto model = Fresh(NormGraph());
  TrainStep step(PlainSgd(), {}, model);
  step.BeginEpoch(false);
  for (int i = 0; i < 100; ++i) step.Run(Classified({Edged(true)}, traced), 0.1);
  model->eval();
  torch::Tensor map;
  model->forward(Edged(true).clips, &map);
  const auto speak = map.narrow(1, 0, 4).mean(1) - map.narrow(1, 4, 4).mean(1);  // for an edge
  EXPECT_GT(speak.narrow(2, 0, 2).mean().item<double>(), 0.2);
  EXPECT_LT(speak.narrow(2, 4, 2).mean().item<double>(), -0.2);
}

TEST(TrainStepTest, XrayLeavesTheReportedLossThatOfTheAnswers) {
  const auto reported = [](const ClassifierLossOptions& loss) {
    TrainStep step(PlainSgd(), {}, Fresh(NormGraph()));
    step.BeginEpoch(false);
    at::manual_seed(7);
    return step.Run(Classified({Edged(true)}, loss), 0.1).loss;
  };
  EXPECT_EQ(reported({}), reported({.xray = 5}));
}

TEST(TrainStepTest, AccumulatedBatchesOfAnySizesAreOneStepOverAllTheirClips) {
  const std::vector<std::vector<float>> colours = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {.5F, 0, 1}};
  const Batch whole = Colours(colours, {1, 0, 1, 1, 0});
  const Batch three = Colours({colours[0], colours[1], colours[2]}, {1, 0, 1});
  const Batch two = Colours({colours[3], colours[4]}, {1, 0});
  const auto a = After(PlainSgd(), LinearModel(1, -2, .5F), {whole});
  const auto b = After(PlainSgd(), LinearModel(1, -2, .5F), {three, two});
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::allclose(tensor, b.at(name), 1e-6, 1e-7)) << name;
}

TEST(TrainStepTest, SamStepsByTheGradientOfThePerturbedWeights) {
  // One real clip of colour (1, 0, 0.5): the loss is softplus(z), its gradient sigmoid(z) * (1, 0, 0.5; 1),
  // of norm sigmoid(z) * 1.5. So w + e is w + rho / 1.5 * (1, 0, 0.5; 1), where z has grown by rho * 1.5.
  auto options = PlainSgd();
  options.sam_rho = 0.2;
  const auto after = After(options, LinearModel(0.3F, -1, 0.4F), {Colours({{1, 0, .5F}}, {0})});
  const double slope = Sigmoid(0.3 + 0.5 * 0.4 + 0.2 * 1.5);
  const auto weight = after.at("dense.weight").flatten();
  EXPECT_NEAR(weight[0].item<double>(), 0.3 - 0.5 * slope, 1e-6);
  EXPECT_NEAR(weight[1].item<double>(), -1, 1e-6);
  EXPECT_NEAR(weight[2].item<double>(), 0.4 - 0.5 * slope * 0.5, 1e-6);
  EXPECT_NEAR(after.at("dense.bias").item<double>(), -0.5 * slope, 1e-6);
}

TEST(TrainStepTest, SamMovesRunningStatisticsOnceAndDropsTheSameTwice) {
  auto sam = PlainSgd();
  sam.sam_rho = 0.3;
  const auto plain = After(PlainSgd(), Fresh(NormGraph()), {Noise(8, 2)});
  const auto with = After(sam, Fresh(NormGraph()), {Noise(8, 2)});
  EXPECT_TRUE(torch::equal(plain.at("norm.running_mean"), with.at("norm.running_mean")));
  EXPECT_TRUE(torch::equal(plain.at("norm.running_var"), with.at("norm.running_var")));
  EXPECT_FALSE(torch::equal(plain.at("conv.weight"), with.at("conv.weight")));
  sam.sam_rho = 1e-30;  // a perturbation that changes no weight: what is left is the dropout
  ExpectSame(plain, After(sam, Fresh(NormGraph()), {Noise(8, 2)}));
}

TEST(TrainStepTest, ClippedGradientsHaveTheNormAsked) {
  auto options = PlainSgd();
  options.clip_norm = 0.1;
  const auto model = LinearModel(1, 1, 1);
  TrainStep step(options, {}, model);
  step.BeginEpoch(false);
  const double norm = step.Run(Classified({Colours({{1, 1, 1}}, {0})}), 1).norm;
  EXPECT_NEAR(norm, Sigmoid(3) * 2, 1e-6);  // sigmoid(z) * (1, 1, 1; 1)
  EXPECT_NEAR(1 - ListWeights(*model).at("dense.weight").flatten()[0].item<double>(), 0.05, 1e-6);
  EXPECT_NEAR(ListWeights(*model).at("dense.bias").item<double>(), -0.05, 1e-6);
}

TEST(TrainStepTest, LabelSmoothingSharesTheLabel) {
  TrainStep step(PlainSgd(), {}, LinearModel(1, 1, 0));
  step.BeginEpoch(false);
  // A fake's label is 0.9: -0.9 log(sigmoid(2)) - 0.1 log(1 - sigmoid(2)).
  const double loss = -0.9 * std::log(Sigmoid(2)) - 0.1 * std::log(1 - Sigmoid(2));
  EXPECT_NEAR(step.Run(Classified({Colours({{1, 1, 1}}, {1})}, {.label_smoothing = 0.2}), 0.1).loss, loss,
              1e-6);
}

TEST(TrainStepTest, FrozenBackboneKeepsWeightsAndStatisticsUntilItThaws) {
  const auto model = Fresh(NormGraph());
  StepOptions options;
  TrainStep step(options, {}, model);
  const auto before = Copy(*model);
  step.BeginEpoch(true);
  for (std::uint64_t i = 0; i < 3; ++i) step.Run(Classified({Noise(4, i)}), 0.01);
  const auto frozen = Copy(*model);
  for (const auto& [name, tensor] : before) {
    EXPECT_EQ(torch::equal(tensor, frozen.at(name)), !name.starts_with("dense")) << name;
  }
  step.BeginEpoch(false);
  step.Run(Classified({Noise(4, 9)}), 0.01);
  for (const auto& [name, tensor] : Copy(*model)) EXPECT_FALSE(torch::equal(tensor, frozen.at(name))) << name;
}

TEST(TrainStepTest, LossThatIsNoNumberNamesItsBatchAndChangesNothing) {
  Batch bad = Colours({{1, 0, 0}}, {1});
  bad.clips.fill_(std::numeric_limits<float>::quiet_NaN());
  const auto model = LinearModel(1, 2, 3);
  const auto before = Copy(*model);
  TrainStep step(StepOptions(), {}, model);
  step.BeginEpoch(false);
  const auto result = step.Run(Classified({Colours({{1, 0, 0}}, {1}), bad}), 0.1);
  EXPECT_EQ(result.outcome, StepResult::kBadLoss);
  EXPECT_EQ(result.batch, 1u);
  EXPECT_TRUE(std::isnan(result.loss));
  ExpectSame(before, Copy(*model));
}

TEST(TrainStepTest, GradientThatIsNoNumberIsTold) {
  // 0 times a colour of 1e38 is a good logit; squared, the gradient overflows.
  Batch bright = Colours({{1, 0, 0}}, {1});
  bright.clips.fill_(std::numeric_limits<float>::max());
  const auto model = LinearModel(0, 0, 0);
  TrainStep step(StepOptions(), {}, model);
  step.BeginEpoch(false);
  bright.clips.select(2, 1).fill_(0);
  bright.clips.select(2, 2).fill_(0);
  const auto result = step.Run(Classified({bright}), 0.1);
  EXPECT_EQ(result.outcome, StepResult::kBadGradient);
  EXPECT_TRUE(std::isfinite(result.loss));
}

TEST(TrainStepTest, StateGoesOnAsIfNeverLeft) {
  for (const std::string optimizer : {"adamw", "sgd"}) {
    StepOptions options;
    options.optimizer.optimizer = optimizer;
    options.sam_rho = 0.05;
    options.ema = 0.9;
    const TrainPrecision scaled{.scale = true};
    const auto model = Fresh(NormGraph());
    TrainStep step(options, scaled, model);
    step.BeginEpoch(false);
    for (std::uint64_t i = 0; i < 3; ++i) step.Run(Classified({Noise(4, i)}), 0.01);
    const auto copy = Fresh(NormGraph());
    LoadWeights(ListWeights(*step.evaluated()), "copy", copy.get());
    TrainStep restored(options, scaled, copy);
    restored.SetState(step.State(), "state");
    restored.BeginEpoch(false);
    for (std::uint64_t i = 3; i < 6; ++i) {
      step.Run(Classified({Noise(4, i)}), 0.01);
      restored.Run(Classified({Noise(4, i)}), 0.01);
    }
    ExpectSame(Copy(*step.evaluated()), Copy(*restored.evaluated()));
    ExpectSame(step.State(), restored.State());
  }
}

TEST(TrainStepTest, StateOfOtherOptionsIsAnError) {
  StepOptions with, without;
  with.ema = 0.9;
  const auto model = LinearModel(1, 2, 3);
  TrainStep averaged(with, {}, model), plain(without, {}, model);
  EXPECT_THAT(CatchMessage([&] { averaged.SetState(plain.State(), "FILE"); }),
              HasSubstr("FILE: the tensor ema.updates"));
  EXPECT_THAT(CatchMessage([&] { plain.SetState(averaged.State(), "FILE"); }),
              HasSubstr("belongs to no parameter"));
  TrainStep scaled(without, {.scale = true}, model);
  EXPECT_THAT(CatchMessage([&] { scaled.SetState({}, "FILE"); }),
              HasSubstr("the tensor scaler.scale is missing"));
}

TEST(TrainStepTest, ScaledLossGivesTheSameStepAndOverflowSkipsIt) {
  const Batch good = Colours({{1, 0, .5F}}, {0});
  const auto plain = After(PlainSgd(), LinearModel(1, 2, 3), {good});
  const auto model = LinearModel(1, 2, 3);
  TrainStep step(PlainSgd(), {.scale = true}, model);
  step.BeginEpoch(false);
  Batch bad = good;
  bad.clips = torch::full({1, 1, 3, 8, 8}, std::numeric_limits<float>::infinity());
  EXPECT_EQ(step.Run(Classified({bad}), 0.5).outcome, StepResult::kSkipped);
  EXPECT_EQ(step.State().at("scaler.scale").item<double>(), 32768);
  EXPECT_EQ(step.Run(Classified({good}), 0.5).outcome, StepResult::kUpdated);
  for (const auto& [name, tensor] : Copy(*model))
    EXPECT_TRUE(torch::allclose(tensor, plain.at(name))) << name;
}

// Writes down what it is asked, and plays two processes of which the other has three times the clips.
class Recorder : public GradientSync {
 public:
  int processes() const override { return 2; }
  std::int64_t CountSamples(std::int64_t own) override { return own * 4; }
  void SetParameters(const std::vector<torch::Tensor>& trainable) override {
    calls.push_back("parameters " + std::to_string(trainable.size()));
  }
  void BeforeForward(bool sync) override { calls.push_back(sync ? "forward sync" : "forward"); }
  void BeforeBackward(const torch::Tensor& loss, bool) override { EXPECT_TRUE(loss.requires_grad()); }
  void AfterBackward(bool sync) override { calls.push_back(sync ? "backward sync" : "backward"); }

  std::vector<std::string> calls;
};

TEST(TrainStepTest, EngineIsToldWhichPassesAreSynchronised) {
  auto options = PlainSgd();
  options.sam_rho = 0.1;
  const Batch batch = Colours({{1, 0, 0}}, {1});
  Recorder recorder;
  After(options, LinearModel(1, 2, 3), {batch, batch}, &recorder);
  EXPECT_THAT(recorder.calls,
              ElementsAre("parameters 2", "forward", "backward", "forward sync", "backward sync",  //
                          "forward", "backward", "forward sync", "backward sync"));
}

TEST(TrainStepTest, EngineIsToldWhenTheBackboneThaws) {
  Recorder recorder;
  TrainStep step(PlainSgd(), {}, Fresh(NormGraph()), &recorder);
  step.BeginEpoch(true);
  step.BeginEpoch(true);
  step.BeginEpoch(false);
  step.BeginEpoch(false);
  EXPECT_THAT(recorder.calls, ElementsAre("parameters 2", "parameters 5"));
}

TEST(TrainStepTest, ProcessWeightsItsClipsByAllOfTheStep) {
  // A quarter of the clips, of two processes whose gradients are averaged: 2 / 4 of the mean over its own.
  const Batch batch = Colours({{1, 0, 0}}, {1});
  Recorder recorder;
  const double alone = After(PlainSgd(), LinearModel(0, 0, 0), {batch}).at("dense.bias").item<double>();
  const double shared =
      After(PlainSgd(), LinearModel(0, 0, 0), {batch}, &recorder).at("dense.bias").item<double>();
  EXPECT_DOUBLE_EQ(shared, alone / 2);
}

TEST(EmaTest, FollowsTheWeightsFasterAtFirst) {
  const auto model = LinearModel(1, 0, 0);
  Ema ema(0.15, *model);
  const auto value = [&] {
    return ListWeights(*ema.average()).at("dense.weight").flatten()[0].item<double>();
  };
  LoadWeights({{"dense.weight", torch::tensor({{2.F, 0.F, 0.F}})}, {"dense.bias", torch::zeros({1})}}, "test",
              model.get());
  ema.Update(*model);
  EXPECT_NEAR(value(), 0.1 * 1 + 0.9 * 2, 1e-6);  // 1.9; d = 1/10
  ema.Update(*model);
  EXPECT_NEAR(value(), 0.15 * 1.9 + 0.85 * 2, 1e-6);  // d = 2/11 is above 0.15
}

TEST(EmaTest, AveragesRunningStatisticsAsItDoesWeights) {
  const auto model = Fresh(NormGraph());
  const auto before = ListWeights(*model).at("norm.running_var").clone();
  StepOptions options;
  options.ema = 0.999;
  TrainStep step(options, {}, model);
  step.BeginEpoch(false);
  step.Run(Classified({Noise(4, 1)}), 0.01);
  const auto weights = ListWeights(*model), averages = ListWeights(*step.evaluated());
  EXPECT_FALSE(torch::equal(weights.at("conv.weight"), averages.at("conv.weight")));
  const auto after = weights.at("norm.running_var"), average = averages.at("norm.running_var");
  EXPECT_FALSE(torch::allclose(after, before));
  EXPECT_TRUE(torch::allclose(average, 0.1 * before + 0.9 * after));  // the first step's 1 - 1/10
}

TEST(GradientScalerTest, HalvesOnOverflowAndDoublesAfterManyGoodSteps) {
  GradientScaler scaler(true);
  EXPECT_EQ(scaler.scale(), 65536);
  EXPECT_TRUE(scaler.Update(false));
  EXPECT_EQ(scaler.scale(), 32768);
  for (int i = 0; i < 1999; ++i) scaler.Update(true);
  EXPECT_EQ(scaler.scale(), 32768);
  scaler.Update(true);
  EXPECT_EQ(scaler.scale(), 65536);
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(scaler.Update(false));
  EXPECT_EQ(scaler.scale(), 1);
  EXPECT_FALSE(scaler.Update(false));  // that is no overflow of float16
  EXPECT_FALSE(GradientScaler(false).Update(false));
  Tensors odd = {{"scaler.scale", torch::tensor(-1.0)}, {"scaler.good_steps", torch::tensor(0)}};
  EXPECT_THAT(CatchMessage([&] { scaler.SetState(&odd, "FILE"); }), HasSubstr("makes no sense"));
}

TEST(PrecisionTest, Bf16TrainingStaysNearFp32) {
  const std::string problem = CatchMessage([] { ResolvePrecision({.precision = "bf16", .device = "cpu"}); });
  if (!problem.empty()) {
    EXPECT_EQ(problem, "--precision: bf16 is not native to this processor");
    GTEST_SKIP() << "this processor has no bf16";
  }
  const auto exact = Fresh(NormGraph()), rounded = Fresh(NormGraph());
  const auto before = Copy(*exact);
  TrainStep a(PlainSgd(), {}, exact), b(PlainSgd(), {.type = torch::kBFloat16}, rounded);
  a.BeginEpoch(false);
  b.BeginEpoch(false);
  double first = 0, second = 0;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const Batch batch = Noise(16, i);
    at::manual_seed(i);
    first = a.Run(Classified({batch}), 0.1).loss;
    at::manual_seed(i);
    second = b.Run(Classified({batch}), 0.1).loss;
  }
  EXPECT_NEAR(first, second, 0.02);
  EXPECT_NE(first, second);
  for (const auto& [name, weight] : Copy(*exact)) {
    const auto moved = weight - before.at(name), as = ListWeights(*rounded).at(name) - before.at(name);
    EXPECT_LE((moved - as).norm().item<double>(), 0.2 * moved.norm().item<double>() + 1e-3) << name;
    EXPECT_EQ(ListWeights(*rounded).at(name).scalar_type(), torch::kFloat) << name;
  }
}

}  // namespace
}  // namespace seam
