// What EfficientNet, ResNet and Xception promise besides the outputs of torchvision_test.cc.

#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "models/zoo/efficientnet.h"
#include "models/zoo/xception.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Json = nlohmann::json;

std::int64_t Learnable(const ModelOptions& options) { return CountTrainable(*MakeModel(options)); }

// With so many answers; nothing is drawn.
std::int64_t XceptionNumbers(const std::string& name, int answers) {
  const ModelOptions options = GetOptions(name);
  Graph graph;
  const int features = XceptionBackbone(&graph, graph.Input(299), options);
  graph.BeginHead(features);
  XceptionClassifier(&graph, features, options, answers);
  std::int64_t count = 0;
  for (const auto& weight : ListWeights(graph)) {
    std::int64_t numbers = weight.learnable ? 1 : 0;
    for (const auto dim : weight.shape) numbers *= dim;
    count += numbers;
  }
  return count;
}

TEST(XceptionTest, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(XceptionNumbers("xception", 1000), 22'855'952);
  EXPECT_EQ(XceptionNumbers("xception", 2), 20'811'050);
  EXPECT_EQ(XceptionNumbers("xception_light", 2), 14'355'146);
  EXPECT_EQ(XceptionNumbers("xception_midway", 2), 25'270'002);
}

TEST(XceptionTest, WeightsHaveTheNamesOfTheUsualPort) {
  std::vector<std::string> names;
  for (const auto& weight : ListWeights(MakeGraph(GetOptions("xception")))) names.push_back(weight.name);
  for (const char* name :
       {"conv1.weight", "bn1.running_var", "block1.rep.0.conv1.weight", "block1.rep.1.weight",
        "block1.rep.3.pointwise.weight", "block1.skipbn.bias", "block2.rep.1.conv1.weight",
        "block2.rep.5.running_mean", "block4.rep.8.weight", "block12.rep.4.pointwise.weight",
        "block12.skip.weight", "conv3.conv1.weight", "conv4.pointwise.weight", "bn4.weight",
        "last_linear.weight", "last_linear.bias"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
  EXPECT_EQ(std::count(names.begin(), names.end(), "block4.skip.weight"), 0);
}

TEST(XceptionTest, FirstConvolutionsTakeNoZerosAround) {
  const Graph graph = MakeGraph(GetOptions("xception"));
  std::vector<int> sides;
  for (const Node& node : graph.nodes()) {
    if (node.op == Op::kConv || node.op == Op::kMaxPool) sides.push_back(node.shape.side());
  }
  // The paper's figure 5: 299 -> 149 -> 147 -> 74 -> 37 -> 19 -> 10.
  EXPECT_EQ(sides[0], 149);
  EXPECT_EQ(sides[1], 147);
  EXPECT_EQ(sides.back(), 10);
}

TEST(EfficientNetTest, ClassifierOfTwoLayersHasThePublishedNumberOfParameters) {
  const Json variant = {{"tf", true}, {"classifier", 16}};
  EXPECT_EQ(Learnable(GetOptions("efficientnet_b0", 224, variant)), 4'028'061);
  EXPECT_EQ(Learnable(GetOptions("efficientnet_b3", 224, variant)), 10'720'841);
}

// The published code also keeps the image network's own head, which nothing uses: F * 16 + 16, 16 + 1.
TEST(EfficientNetTest, LstmOverTheFlatMapHasThePublishedNumberOfParameters) {
  const auto count = [](const char* name, int hidden) {
    TemporalOptions temporal;
    temporal.head = "lstm";
    temporal.frames = 5;
    temporal.hidden = temporal.projection = hidden;
    temporal.layers = 5;
    return Learnable(
        GetOptions(name, 224, Json{{"tf", true}, {"classifier", 16}, {"flatten", true}}, temporal));
  };
  EXPECT_EQ(count("efficientnet_b0", 256) + 1280 * 16 + 16 + 16 + 1, 22'720'446);
  EXPECT_EQ(count("efficientnet_b3", 128) + 1536 * 16 + 16 + 16 + 1, 21'017'322);
}

TEST(EfficientNetTest, TensorFlowsPaddingFollowsTheSide) {
  const auto first = [](int size) {
    const Graph graph = MakeGraph(GetOptions("efficientnet_b0", size, Json{{"tf", true}}));
    return std::find_if(graph.nodes().begin(), graph.nodes().end(),
                        [](const Node& node) { return node.op == Op::kConv; })
        ->conv;
  };
  EXPECT_EQ(first(224).pad_before, 0);
  EXPECT_EQ(first(224).pad_after, 1);
  EXPECT_EQ(first(225).pad_before, 1);
  EXPECT_EQ(first(225).pad_after, 1);
}

// At odd sides TensorFlow's padding is the usual one: with B5, whose norms are the same too, nothing differs.
TEST(EfficientNetTest, FlavoursAgreeWherePaddingAndNormsDo) {
  const torch::NoGradGuard no_grad;
  const auto lively = MakeModel(GetOptions("efficientnet_b5", 64));
  FillLively(lively.get(), Unscaled(*lively, Waves(2, 64, torch::kFloat)));
  const auto logit = [&](int size, bool tf) {
    const auto model =
        MakeModel(GetOptions("efficientnet_b5", size, tf ? Json{{"tf", true}} : Json::object()));
    LoadWeights(ListWeights(*lively), "lively", model.get());
    model->eval();
    const auto pictures = Unscaled(*model, Waves(1, size, torch::kFloat));
    return model->forward(pictures.unsqueeze(1)).item<double>();
  };
  EXPECT_NEAR(logit(65, true), logit(65, false), 1e-5 * std::abs(logit(65, false)));
  EXPECT_GT(std::abs(logit(64, true) - logit(64, false)), 1e-3 * std::abs(logit(64, false)));
}

TEST(EfficientNetTest, BlocksAreDroppedMoreOftenTowardsTheEnd) {
  std::vector<double> rates;
  const Graph graph = MakeGraph(GetOptions("efficientnet_b0"));
  for (const Node& node : graph.nodes()) {
    if (node.op == Op::kDropPath) rates.push_back(node.rate);
  }
  ASSERT_EQ(rates.size(), 9u);  // 16 blocks, 7 of them without a shortcut
  EXPECT_TRUE(std::is_sorted(rates.begin(), rates.end()));
  EXPECT_DOUBLE_EQ(rates.front(), 0.2 * 2 / 16);
  EXPECT_DOUBLE_EQ(rates.back(), 0.2 * 14 / 16);
}

TEST(EfficientNetTest, BeginsAsTorchvisionDoes) {
  torch::manual_seed(1);
  const auto model = MakeModel(GetOptions("efficientnet_b0", 64));
  const auto weights = ListWeights(*model);
  // He normal over the outgoing connections.
  const auto& conv = weights.at("features.8.0.weight");
  EXPECT_NEAR(conv.std().item<double>(), std::sqrt(2.0 / 1280), 1e-3);
  EXPECT_EQ(weights.at("features.1.0.block.1.fc1.bias").abs().sum().item<double>(), 0);
}

TEST(EfficientNetTest, HeadOfOneLogitBeginsNarrow) {
  torch::manual_seed(1);
  const auto model = MakeModel(GetOptions("efficientnet_b0", 64));
  const double bound = 1 / std::sqrt(1280.0);  // torchvision's 1 / sqrt(answers) would be 1
  const double greatest = ListWeights(*model).at("classifier.1.weight").abs().max().item<double>();
  EXPECT_LE(greatest, bound);
  EXPECT_GT(greatest, 0.95 * bound);
}

TEST(EfficientNetTest, DefaultInputIsTorchvisions) {
  const std::vector<int> sides = {224, 240, 288, 300, 380, 456, 528, 600};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    EXPECT_EQ(MakeGraph(GetOptions("efficientnet_b" + std::to_string(i)))[0].shape.side(), sides[i]) << i;
  }
}

TEST(VariantTest, UnknownKeyIsAnErrorThatNamesTheKnown) {
  const auto act = [] { MakeGraph(GetOptions("efficientnet_b0", -1, Json{{"tensorflow", true}})); };
  EXPECT_EQ(CatchMessage(act), "variant: efficientnet_b0 does not know 'tensorflow'");
  EXPECT_EQ(CatchHint(act),
            "it knows: tf, flatten, classifier, scale, nominal, bare_stem, attention, widths, depths");
  const auto one = [] { MakeGraph(GetOptions("resnet18", -1, Json{{"tf", true}})); };
  EXPECT_EQ(CatchMessage(one), "variant: resnet18 does not know 'tf'");
  EXPECT_EQ(CatchHint(one), "it knows: scale, width, stages, stem_kernel, stem_stride, pool_stride");
  const auto xception = [] { MakeGraph(GetOptions("xception", -1, Json{{"tf", true}})); };
  EXPECT_EQ(CatchMessage(xception), "variant: xception does not know 'tf'");
  EXPECT_EQ(CatchHint(xception), "it knows: scale, widths, map, ucf, ucf_widths, phase, fad");
}

TEST(VariantTest, AListOfAnotherLengthIsAnError) {
  for (const char* widths :
       {"2", "2/2/4/4/6/8/8", "2/2/4/4/6/8/8/16/16", "2/2/4/4/6/8/8/x", "2/2/4/4/6/8/8/0"}) {
    const auto act = [&] { MakeGraph(GetOptions("xception", 64, Json{{"widths", widths}})); };
    EXPECT_EQ(CatchHint(act), "widths is 8 numbers from 1 on: 32/64/128/256/728/1024/1536/2048") << widths;
  }
}

// At its nominal side efficientnet_pytorch pads as TensorFlow does, at others it does not.
TEST(EfficientNetTest, PaddingOfTheNominalSideIsFollowedThroughTheStrides) {
  const auto pads = [](int size, const Json& variant) {
    std::vector<std::pair<int, int>> found;
    const Graph graph = MakeGraph(GetOptions("efficientnet_b4", size, variant));
    for (const Node& node : graph.nodes()) {
      if (node.op == Op::kConv && node.conv.stride == 2)
        found.emplace_back(node.conv.pad_before, node.conv.pad_after);
    }
    return found;
  };
  const Json same = {{"tf", true}}, nominal = {{"tf", true}, {"nominal", 380}};
  EXPECT_EQ(pads(380, nominal), pads(380, same));
  EXPECT_EQ(pads(256, nominal), pads(380, same));
  EXPECT_NE(pads(256, nominal), pads(256, same));
}

TEST(VariantTest, ValueThatMakesNoSenseIsAnError) {
  const auto flag = [] { MakeGraph(GetOptions("efficientnet_b0", -1, Json{{"tf", "maybe"}})); };
  EXPECT_EQ(CatchMessage(flag), "variant: tf=maybe makes no sense for efficientnet_b0");
  EXPECT_EQ(CatchHint(flag), "tf is true or false");
  for (const Json& value : {Json("many"), Json(0), Json(-3), Json(1.5), Json(true), Json(99'999'999)}) {
    const auto number = [&] { MakeGraph(GetOptions("efficientnet_b0", -1, Json{{"classifier", value}})); };
    EXPECT_EQ(CatchHint(number), "classifier is a number from 1 to 65536") << value;
  }
}

}  // namespace
}  // namespace seam
