// EfficientNet and ResNet against the outputs of torchvision's own.

#include <torch/utils.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "base/files.h"
#include "models/torch/model.h"
#include "models/zoo/efficientnet.h"
#include "models/zoo/resnet.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

constexpr const char* kGolden = "fixtures/torchvision_golden.json";
constexpr int kClasses = 1000;

// As published, with an answer for each of ImageNet's classes.
Model Published(const std::string& name, int size) {
  const ModelOptions options = GetOptions(name, size);
  Graph graph;
  const int pictures = graph.Input(size);
  const bool resnet = name.starts_with("resnet");
  const int features =
      resnet ? ResNetBackbone(&graph, pictures, options) : EfficientNetBackbone(&graph, pictures, options);
  graph.BeginHead(features);
  if (resnet) {
    ResNetClassifier(&graph, features, options, kClasses);
  } else {
    EfficientNetClassifier(&graph, features, options, kClasses);
  }
  return Model(options, graph, Model::kUnset);
}

class TorchvisionTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    SEAM_NEEDS_SHARED(kGolden);
    const auto all = nlohmann::json::parse(ReadFile(SharedPath(kGolden))).at("models");
    const auto found = std::find_if(all.begin(), all.end(),
                                    [](const auto& entry) { return entry.at("model") == GetParam(); });
    ASSERT_NE(found, all.end());
    golden_ = *found;
  }

  // The first eight numbers to `tolerance`, relative to the greatest number: a sum of many has the error of
  // the greatest. Single numbers of the golden eight are not near zero in float64.
  static void ExpectNear(const torch::Tensor& numbers, const nlohmann::json& golden, double tolerance) {
    const auto values = numbers.to(torch::kDouble).flatten();
    const double greatest = values.abs().max().item<double>();
    for (int i = 0; i < 8; ++i) {
      EXPECT_NEAR(values[i].item<double>(), golden[static_cast<std::size_t>(i)].get<double>(),
                  tolerance * greatest)
          << i;
    }
  }

  void ExpectGolden(torch::Dtype type, double tolerance) {
    const torch::NoGradGuard no_grad;
    const int size = golden_.at("input");
    Model model = Published(GetParam(), size);
    model.to(type);  // first, so that no number is rounded to single precision
    FillByFormula(&model);
    model.eval();
    const auto pictures = Unscaled(model, Waves(1, size, type));
    ExpectNear(model.Run(pictures, model.graph().answer()), golden_.at("logits_first8"), tolerance);
    if (!golden_.contains("features_first8")) return;
    const auto features = model.Features(pictures);
    EXPECT_EQ(features.size(1), golden_.at("feature_dim"));
    ExpectNear(features, golden_.at("features_first8"), tolerance);
    const double sum = golden_.at("features_sum");
    EXPECT_NEAR(features.to(torch::kDouble).sum().item<double>(), sum, tolerance * std::abs(sum));
  }

  nlohmann::json golden_;
};

TEST_P(TorchvisionTest, HasTheSameWeights) {
  const Model model = Published(GetParam(), golden_.at("input"));
  EXPECT_EQ(CountTrainable(model), golden_.at("parameters").get<std::int64_t>());
  EXPECT_EQ(ListWeights(model.graph()).size(), golden_.at("tensors").get<std::size_t>());
}

TEST_P(TorchvisionTest, AnswersTheSameInDoublePrecision) { ExpectGolden(torch::kDouble, 1e-9); }

TEST_P(TorchvisionTest, AnswersTheSameInSinglePrecision) { ExpectGolden(torch::kFloat, 1e-4); }

INSTANTIATE_TEST_SUITE_P(Published, TorchvisionTest,
                         testing::Values("efficientnet_b0", "efficientnet_b1", "efficientnet_b2",
                                         "efficientnet_b3", "efficientnet_b4", "efficientnet_b5",
                                         "efficientnet_b6", "efficientnet_b7", "resnet18", "resnet50"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace seam
