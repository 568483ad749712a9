#include "models/torch/model.h"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// Its logit is the mean of the pictures scaled to 0..1, so that what forward() does around it shows.
std::shared_ptr<Model> MeanModel(int frames) {
  Graph graph;
  int x = graph.Normalise(graph.Input(4), {0, 0, 0}, {255, 255, 255});
  x = graph.Flatten(x);
  graph.BeginHead(x);
  if (frames > 1) x = graph.MeanOverTime(graph.Windows(x, frames));
  graph.Linear(x, "mean", 1);
  auto model = std::make_shared<Model>(ModelOptions(), graph);
  const torch::NoGradGuard no_grad;
  for (auto& [name, weight] : ListWeights(*model)) weight.fill_(name == "mean.bias" ? 0 : 1.0 / (3 * 4 * 4));
  return model;
}

TEST(ModelTest, ForwardIsTheMeanOfTheFramesLogits) {
  const auto model = MeanModel(1);
  auto clips = torch::zeros({2, 3, 3, 4, 4}, torch::kByte);
  clips[0][0].fill_(255);
  clips[1].fill_(51);
  const auto logits = model->forward(clips);
  EXPECT_EQ(logits.sizes(), torch::IntArrayRef({2}));
  EXPECT_NEAR(logits[0].item<double>(), 1.0 / 3, 1e-6);
  EXPECT_NEAR(logits[1].item<double>(), 0.2, 1e-6);
}

TEST(ModelTest, BytesAndFloatsOfTheSameValueGiveTheSameAnswer) {
  const auto model = MeanModel(1);
  const auto clips = torch::randint(0, 256, {2, 1, 3, 4, 4}, torch::kByte);
  EXPECT_TRUE(torch::equal(model->forward(clips), model->forward(clips.to(torch::kFloat))));
}

TEST(ModelTest, WrongShapeIsAnErrorThatShowsBoth) {
  const auto model = MeanModel(1);
  const auto act = [&](torch::IntArrayRef shape) {
    return [&model, clips = torch::zeros(shape, torch::kByte)] { model->forward(clips); };
  };
  EXPECT_EQ(CatchMessage(act({2, 1, 3, 5, 4})), "clips: the shape [2, 1, 3, 5, 4] does not fit");
  EXPECT_EQ(CatchHint(act({2, 1, 3, 5, 4})),
            "this network takes [N, T, 3, 4, 4]: clips, frames, RGB, height, width");
  EXPECT_EQ(CatchMessage(act({2, 3, 4, 4})), "clips: the shape [2, 3, 4, 4] does not fit");
  EXPECT_EQ(CatchMessage(act({2, 1, 1, 4, 4})), "clips: the shape [2, 1, 1, 4, 4] does not fit");
  EXPECT_EQ(CatchMessage(act({0, 1, 3, 4, 4})), "clips: the shape [0, 1, 3, 4, 4] does not fit");
  EXPECT_EQ(CatchMessage(act({1, 0, 3, 4, 4})), "clips: the shape [1, 0, 3, 4, 4] does not fit");
}

TEST(ModelTest, NetworkOfAWindowTakesThatManyFramesOnly) {
  const auto model = MeanModel(5);
  EXPECT_EQ(model->forward(torch::zeros({2, 5, 3, 4, 4})).size(0), 2);
  const auto act = [&] { model->forward(torch::zeros({2, 4, 3, 4, 4})); };
  EXPECT_EQ(CatchMessage(act), "clips: the shape [2, 4, 3, 4, 4] does not fit");
  EXPECT_EQ(CatchHint(act), "this network takes [N, 5, 3, 4, 4]: clips, frames, RGB, height, width");
}

TEST(ModelTest, WrongElementTypeIsAnError) {
  const auto model = MeanModel(1);
  EXPECT_EQ(CatchMessage([&] {
              model->forward(torch::zeros({1, 1, 3, 4, 4}, torch::kInt));
            }),
            "clips: elements of Int do not fit");
}

TEST(RegistryTest, UnknownNameIsAUsageErrorThatNamesTheNearest) {
  EXPECT_EQ(CatchMessage([] { MakeModel("mezo4"); }), "model: 'mezo4' is not a network that Seam knows");
  EXPECT_EQ(CatchHint([] { MakeModel("mezo4"); }).find("did you mean meso4? the networks are: meso4"), 0u);
  EXPECT_EQ(CatchHint([] { MakeModel("transformer"); }).find("the networks are: meso4"), 0u);
  try {
    MakeModel("mezo4");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), kExitUsage);
  }
}

TEST(RegistryTest, NamesAreUnique) {
  std::vector<std::string> names;
  for (const auto& entry : ModelRegistry()) {
    EXPECT_EQ(std::count(names.begin(), names.end(), entry.name), 0) << entry.name;
    EXPECT_FALSE(entry.paper.empty()) << entry.name;
    names.push_back(entry.name);
  }
}

constexpr int kSmall = 64;  // a side that every network takes

// What every network of the registry owes its users.
class EveryModelTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    model_ = MakeModel(GetOptions(GetParam(), kSmall));
    model_->eval();
  }

  torch::Tensor Clips(int count, int frames) const {
    const int size = model_->input().size;
    return torch::randint(0, 256, {count, frames, 3, size, size}, torch::kByte);
  }

  // Fresh weights let the numbers of deep networks grow.
  static double Tolerance(double logit) { return 1e-4 * std::max(1.0, std::abs(logit)); }

  std::shared_ptr<Model> model_;
  torch::NoGradGuard no_grad_;
};

TEST_P(EveryModelTest, GradientReachesEveryParameter) {
  const torch::AutoGradMode gradients(true);
  model_->train();
  model_->forward(Clips(4, model_->input().frames)).pow(2).sum().backward();
  for (const auto& parameter : model_->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    // The gates of a narrow BNext squeeze to so few numbers that ReLU may let none of them through.
    const bool gate =
        parameter.key().find(".se.") != std::string::npos || parameter.key().ends_with(".scale");
    if (gate && GetParam().starts_with("bnext_")) continue;
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST_P(EveryModelTest, SameSeedGivesTheSameWeights) {
  torch::manual_seed(1);
  const auto again = MakeModel(GetOptions(GetParam(), kSmall));
  torch::manual_seed(2);
  const auto other = MakeModel(GetOptions(GetParam(), kSmall));
  bool differs = false;
  for (const auto& [name, tensor] : ListWeights(*model_)) {
    EXPECT_TRUE(torch::equal(tensor, ListWeights(*again).at(name))) << name;
    differs |= !torch::equal(tensor, ListWeights(*other).at(name));
  }
  EXPECT_TRUE(differs);
}

TEST_P(EveryModelTest, AnswersALogitPerClip) {
  EXPECT_EQ(model_->forward(Clips(3, model_->input().frames)).sizes(), torch::IntArrayRef({3}));
}

TEST_P(EveryModelTest, MapHasASixteenthOfTheSideOrMoreInTrainingToo) {
  const auto clips = Clips(2, model_->input().frames);
  const Shape& shape = model_->graph()[model_->map_node()].shape;
  // Patches of 32 pixels have none.
  EXPECT_GE((GetParam().starts_with("vit_") && GetParam().ends_with("32") ? 32 : 16) * shape.side(), kSmall);
  // Those of the frequency domain hardly shrink their maps.
  if (model_->options().model != "nn" && model_->options().model != "resnet" &&
      model_->options().model != "deepfreq") {
    EXPECT_LE(4 * shape.side(), kSmall);
  }
  for (const bool training : {false, true}) {
    model_->train(training);
    torch::Tensor map;
    const auto logits = model_->forward(clips, &map);
    ASSERT_TRUE(map.defined());
    const std::int64_t pictures = 2 * clips.size(1);
    EXPECT_EQ(map.sizes(), torch::IntArrayRef({pictures, shape.channels, shape.side(), shape.side()}));
    if (!training) {
      EXPECT_TRUE(torch::equal(logits, model_->forward(clips)));
    }
  }
}

TEST_P(EveryModelTest, ClipsAnswerDoesNotDependOnItsBatchInEval) {
  const auto clips = Clips(4, model_->input().frames);
  const auto together = model_->forward(clips);
  for (int i = 0; i < 4; ++i) {
    const double logit = together[i].item<double>();
    EXPECT_NEAR(model_->forward(clips.slice(0, i, i + 1)).item<double>(), logit, Tolerance(logit));
  }
}

TEST_P(EveryModelTest, TrainingNormalisesByTheBatchAndEvalDoesNot) {
  const auto clips = Clips(4, model_->input().frames);
  const auto eval = model_->forward(clips);
  EXPECT_TRUE(torch::equal(model_->forward(clips), eval));
  model_->train();
  const auto& nodes = model_->graph().nodes();
  const bool has_norms =
      std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.op == Op::kBatchNorm; });
  EXPECT_EQ(torch::allclose(model_->forward(clips), eval, 1e-3, 1e-3), !has_norms);
}

TEST_P(EveryModelTest, ImageNetworkAnswersTheMeanOfTheFrames) {
  if (model_->input().frames != 1) GTEST_SKIP() << "takes windows";
  const auto clip = Clips(1, 5);
  double sum = 0;
  for (int t = 0; t < 5; ++t) sum += model_->forward(clip.slice(1, t, t + 1)).item<double>();
  EXPECT_NEAR(model_->forward(clip).item<double>(), sum / 5, Tolerance(sum / 5));
}

TEST_P(EveryModelTest, AWindowOfOneIsTheImageNetwork) {
  ModelOptions options = GetOptions(GetParam(), kSmall);
  options.temporal.head = "mean";
  options.temporal.frames = 1;
  const auto windows = MakeModel(options);
  LoadWeights(ListWeights(*model_), "the image network", windows.get());
  windows->eval();
  const auto clips = Clips(3, 1);
  const auto image = model_->forward(clips), window = windows->forward(clips);
  for (int i = 0; i < 3; ++i) {
    const double logit = image[i].item<double>();
    EXPECT_NEAR(window[i].item<double>(), logit, Tolerance(logit));
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryModelTest, testing::ValuesIn(FamilyModels()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace seam
