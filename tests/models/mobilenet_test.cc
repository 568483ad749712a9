// MobileNetV2 against published weights and their outputs.

#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/import.h"
#include "models/torch/tensors.h"
#include "models/weights/safetensors.h"
#include "models/zoo/mobilenet.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Json = nlohmann::json;

struct Published {
  const char* file;  // in shared/models/pretrained, without the end of its name
  Json variant;
};

const std::vector<Published>& AllPublished() {
  static const std::vector<Published> all = {{"mobilenet_v2_torchvision_qat", {{"relu", true}}},
                                             {"mobilenet_v2_google_tf2", {{"tf", true}}}};
  return all;
}

std::string ModelPath(const std::string& name) { return SharedPath("models/pretrained/" + name); }

ModelOptions PublishedOptions(const Published& published) {
  return GetOptions("mobilenet_v2", 224, published.variant);
}

// The published classifier of ImageNet's 1000 classes.
Graph ClassifierGraph(const ModelOptions& options) {
  Graph graph;
  const int features = MobileNetBackbone(&graph, graph.Input(224), options);
  graph.BeginHead(features);
  MobileNetClassifier(&graph, features, options, 1000);
  return graph;
}

void ExpectNear(const torch::Tensor& found, const torch::Tensor& golden, const char* what) {
  ASSERT_EQ(found.sizes(), golden.sizes()) << what;
  const double greatest = golden.abs().max().item<double>();
  EXPECT_LT((found - golden).abs().max().item<double>(), 1e-4 * greatest) << what;
}

class MobileNetGoldenTest : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    SEAM_NEEDS_SHARED("models/pretrained");
    golden_ = ToTorch(LoadSafetensors(ModelPath(std::string(It().file) + ".golden.safetensors")).tensors);
  }
  static const Published& It() { return AllPublished()[GetParam()]; }
  static std::string Weights() { return ModelPath(std::string(It().file) + ".bn.safetensors"); }

  std::map<std::string, torch::Tensor> golden_;
};

TEST_P(MobileNetGoldenTest, PublishedWeightsAnswerAsPublished) {
  const torch::NoGradGuard no_grad;
  Model model(PublishedOptions(It()), ClassifierGraph(PublishedOptions(It())), Model::kUnset);
  LoadWeights(ToTorch(LoadSafetensors(Weights()).tensors), It().file, &model);
  model.eval();
  const auto pictures = Unscaled(model, golden_.at("input"));
  ExpectNear(model.Features(pictures), golden_.at("features"), "features");
  ExpectNear(model.Run(pictures, model.graph().answer()), golden_.at("logits"), "logits");
}

// The classifier of ImageNet alone does not fit, so its two weights stay fresh.
TEST_P(MobileNetGoldenTest, BackboneIsImported) {
  const torch::NoGradGuard no_grad;
  const auto match = MatchWeights(LoadForeignWeights(Weights()), PublishedOptions(It()), {}, It().file);
  EXPECT_EQ(match.unset, (std::vector<std::string>{"classifier.1.weight", "classifier.1.bias"}));
  const auto model = MakeMatched(match, It().file);
  ExpectNear(model->Features(Unscaled(*model, golden_.at("input"))), golden_.at("features"), "features");
}

INSTANTIATE_TEST_SUITE_P(Published, MobileNetGoldenTest, testing::Range<std::size_t>(0, 2),
                         [](const auto& each) { return each.param == 0 ? "Torchvision" : "TensorFlow"; });

TEST(MobileNetTest, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(CountTrainable(ClassifierGraph(GetOptions("mobilenet_v2"))), 3'504'872);
  const std::int64_t adds = CountMultiplyAdds(ClassifierGraph(GetOptions("mobilenet_v2")));
  EXPECT_NEAR(static_cast<double>(adds), 300e6, 2e6);  // the paper's table 4
}

// ReLU6 cuts what is above 6, in training and in the form for inference.
TEST(MobileNetTest, FastFormOfEachVariantAnswersAsItsModelDoes) {
  const torch::NoGradGuard no_grad;
  for (const Json& variant : {Json::object(), Json{{"relu", true}}, Json{{"tf", true}}}) {
    for (const int size : {64, 95}) {
      const auto model = MakeModel(GetOptions("mobilenet_v2", size, variant));
      FillLively(model.get(), Unscaled(*model, Waves(2, size, torch::kFloat)));
      model->eval();
      const auto bytes = Unscaled(*model, Waves(2, size, torch::kFloat)).clamp(0, 255).to(torch::kByte);
      const auto expected = model->forward(bytes.unsqueeze(1));
      const auto rows = bytes.permute({0, 2, 3, 1}).contiguous();
      const auto found =
          Compile(*model, {.precision = "fp32", .device = "cpu"})->Logits(rows.data_ptr<std::uint8_t>(), 2);
      for (int i = 0; i < 2; ++i) {
        const double logit = expected[i].item<double>();
        EXPECT_NEAR(found[static_cast<std::size_t>(i)], logit, 2e-4 * std::max(1.0, std::abs(logit)))
            << variant.dump() << " at " << size;
      }
    }
  }
}

}  // namespace
}  // namespace seam
