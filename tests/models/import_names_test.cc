// Files with the names that other libraries give their layers, written down here by the structure of their
// modules, not by Seam's tables.

#include "models/torch/import.h"

#include <string>
#include <utility>
#include <vector>

#include <torch/utils.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// Their layer and ours, and its weights: a convolution without bias, with bias or a dense layer, a norm.
enum Kind { kConv, kBiased, kNorm };
struct Layer {
  Kind kind;
  std::string theirs, ours;
};
using Layers = std::vector<Layer>;

constexpr int kB0Blocks[] = {1, 2, 2, 3, 3, 4, 1};

// timm's models/efficientnet.py: the first stage's block is a DepthwiseSeparableConv, others
// InvertedResidual.
Layers TimmB0() {
  Layers layers = {{kConv, "conv_stem", "features.0.0"},
                   {kNorm, "bn1", "features.0.1"},
                   {kConv, "conv_head", "features.8.0"},
                   {kNorm, "bn2", "features.8.1"},
                   {kBiased, "classifier", "classifier.1"}};
  for (int stage = 0; stage < 7; ++stage) {
    for (int block = 0; block < kB0Blocks[stage]; ++block) {
      const std::string theirs = fmt::format("blocks.{}.{}.", stage, block);
      const std::string ours = fmt::format("features.{}.{}.block.", stage + 1, block);
      const Layers separable = {{kConv, "conv_dw", "0.0"},
                                {kNorm, "bn1", "0.1"},
                                {kBiased, "se.conv_reduce", "1.fc1"},
                                {kBiased, "se.conv_expand", "1.fc2"},
                                {kConv, "conv_pw", "2.0"},
                                {kNorm, "bn2", "2.1"}};
      const Layers inverted = {{kConv, "conv_pw", "0.0"},
                               {kNorm, "bn1", "0.1"},
                               {kConv, "conv_dw", "1.0"},
                               {kNorm, "bn2", "1.1"},
                               {kBiased, "se.conv_reduce", "2.fc1"},
                               {kBiased, "se.conv_expand", "2.fc2"},
                               {kConv, "conv_pwl", "3.0"},
                               {kNorm, "bn3", "3.1"}};
      for (const auto& layer : stage == 0 ? separable : inverted) {
        layers.push_back({layer.kind, theirs + layer.theirs, ours + layer.ours});
      }
    }
  }
  return layers;
}

// efficientnet_pytorch/model.py: blocks are numbered through; _expand_conv and _bn0 only where a block
// widens.
Layers LukemelasB0() {
  Layers layers = {{kConv, "_conv_stem", "features.0.0"},
                   {kNorm, "_bn0", "features.0.1"},
                   {kConv, "_conv_head", "features.8.0"},
                   {kNorm, "_bn1", "features.8.1"},
                   {kBiased, "_fc", "classifier.1"}};
  int number = 0;
  for (int stage = 0; stage < 7; ++stage) {
    for (int block = 0; block < kB0Blocks[stage]; ++block) {
      const std::string theirs = fmt::format("_blocks.{}.", number++);
      const std::string ours = fmt::format("features.{}.{}.block.", stage + 1, block);
      int part = 0;
      if (stage > 0) {
        layers.push_back({kConv, theirs + "_expand_conv", ours + "0.0"});
        layers.push_back({kNorm, theirs + "_bn0", ours + "0.1"});
        part = 1;
      }
      layers.push_back({kConv, theirs + "_depthwise_conv", fmt::format("{}{}.0", ours, part)});
      layers.push_back({kNorm, theirs + "_bn1", fmt::format("{}{}.1", ours, part)});
      layers.push_back({kBiased, theirs + "_se_reduce", fmt::format("{}{}.fc1", ours, part + 1)});
      layers.push_back({kBiased, theirs + "_se_expand", fmt::format("{}{}.fc2", ours, part + 1)});
      layers.push_back({kConv, theirs + "_project_conv", fmt::format("{}{}.0", ours, part + 2)});
      layers.push_back({kNorm, theirs + "_bn2", fmt::format("{}{}.1", ours, part + 2)});
    }
  }
  return layers;
}

Layers TorchvisionB0() {
  Layers layers = TimmB0();
  for (auto& layer : layers) layer.theirs = layer.ours;
  return layers;
}

// torchvision's models/resnet.py, whose names timm and pretrainedmodels keep but for the classifier.
Layers ResNet(const std::vector<int>& blocks, int convolutions, const std::string& classifier) {
  Layers layers = {{kConv, "conv1", "conv1"}, {kNorm, "bn1", "bn1"}, {kBiased, classifier, "fc"}};
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    for (int block = 0; block < blocks[stage]; ++block) {
      const std::string prefix = fmt::format("layer{}.{}.", stage + 1, block);
      const auto add = [&](Kind kind, const std::string& name) {
        layers.push_back({kind, prefix + name, prefix + name});
      };
      for (int i = 1; i <= convolutions; ++i) {
        add(kConv, fmt::format("conv{}", i));
        add(kNorm, fmt::format("bn{}", i));
      }
      // The first of a stage changes the shape; ResNet-18's first stage does not.
      if (block > 0 || (stage == 0 && convolutions == 2)) continue;
      add(kConv, "downsample.0");
      add(kNorm, "downsample.1");
    }
  }
  return layers;
}

// pretrainedmodels/models/xception.py: a block's `rep` counts its ReLUs, too; the first block has none in
// front.
Layers Xception(const std::string& classifier) {
  Layers layers;
  const auto add = [&](Kind kind, const std::string& name) { layers.push_back({kind, name, name}); };
  const auto separable = [&](const std::string& name) {
    add(kConv, name + ".conv1");
    add(kConv, name + ".pointwise");
  };
  for (const char* name : {"1", "2"}) add(kConv, fmt::format("conv{}", name));
  for (const char* name : {"1", "2", "3", "4"}) add(kNorm, fmt::format("bn{}", name));
  for (int block = 1; block <= 12; ++block) {
    const std::string prefix = fmt::format("block{}.", block);
    const bool middle = block >= 4 && block <= 11;
    for (int i = 0; i < (middle ? 3 : 2); ++i) {
      const int at = 3 * i + (block == 1 ? 0 : 1);
      separable(fmt::format("{}rep.{}", prefix, at));
      add(kNorm, fmt::format("{}rep.{}", prefix, at + 1));
    }
    if (middle) continue;
    add(kConv, prefix + "skip");
    add(kNorm, prefix + "skipbn");
  }
  separable("conv3");
  separable("conv4");
  layers.push_back({kBiased, classifier, "last_linear"});
  return layers;
}

std::vector<std::string> ListLeaves(Kind kind) {
  if (kind == kConv) return {"weight"};
  if (kind == kBiased) return {"weight", "bias"};
  return {"weight", "bias", "running_mean", "running_var"};
}

class ImportNamesTest : public testing::Test {
 protected:
  // A network whose weights are all different.
  void Make(const std::string& model, const nlohmann::json& variant = nlohmann::json::object()) {
    torch::manual_seed(1);
    options_.model = model;
    options_.variant = variant;
    model_ = MakeModel(options_);
    const torch::NoGradGuard no_grad;
    weights_ = ListWeights(*model_);
    for (auto& [name, tensor] : weights_) tensor.uniform_(0.1, 1);
  }

  // These weights as the library's file has them.
  ForeignWeights Theirs(const Layers& layers) const {
    ForeignWeights foreign{"made", {}};
    std::size_t count = 0;
    for (const auto& [kind, theirs, ours] : layers) {
      for (const auto& leaf : ListLeaves(kind)) {
        const auto found = weights_.find(ours + "." + leaf);
        EXPECT_NE(found, weights_.end()) << ours << "." << leaf;
        if (found != weights_.end()) foreign.tensors[theirs + "." + leaf] = ToPlain(found->second);
        ++count;
      }
      if (kind == kNorm)
        foreign.tensors[theirs + ".num_batches_tracked"] = ToPlain(torch::ones({}, torch::kLong));
    }
    EXPECT_EQ(count, weights_.size());
    return foreign;
  }

  void ExpectMatch(const ForeignWeights& foreign, const std::string& source) const {
    const auto match = MatchWeights(foreign, options_, {"auto", "1"}, "file");
    EXPECT_EQ(match.source->name, source);
    EXPECT_EQ(match.differences, std::vector<std::string>{});
    ASSERT_EQ(match.weights.size(), weights_.size());
    for (const auto& [name, tensor] : weights_) EXPECT_TRUE(match.weights.at(name).equal(tensor)) << name;
  }

  ModelOptions options_;
  std::shared_ptr<Model> model_;
  std::map<std::string, torch::Tensor> weights_;
};

TEST_F(ImportNamesTest, EfficientNetOfTorchvision) {
  Make("efficientnet_b0");
  ExpectMatch(Theirs(TorchvisionB0()), "torchvision");
}

TEST_F(ImportNamesTest, EfficientNetOfTimm) {
  Make("efficientnet_b0");
  ExpectMatch(Theirs(TimmB0()), "timm");
  Make("efficientnet_b0", {{"tf", true}});
  ExpectMatch(Theirs(TimmB0()), "timm");
}

TEST_F(ImportNamesTest, EfficientNetOfLukemelasIsOfTheTfFlavour) {
  Make("efficientnet_b0");
  const auto foreign = Theirs(LukemelasB0());
  ExpectMatch(foreign, "lukemelas");
  EXPECT_EQ(MatchWeights(foreign, options_, {"auto", "1"}, "file").options.variant,
            (nlohmann::json{{"tf", true}}));
}

TEST_F(ImportNamesTest, ResNets) {
  Make("resnet18");
  ExpectMatch(Theirs(ResNet({2, 2, 2, 2}, 2, "fc")), "torchvision");
  ExpectMatch(Theirs(ResNet({2, 2, 2, 2}, 2, "last_linear")), "pretrainedmodels");
  Make("resnet50");
  ExpectMatch(Theirs(ResNet({3, 4, 6, 3}, 3, "fc")), "torchvision");
}

TEST_F(ImportNamesTest, XceptionOfPretrainedmodelsAndOfTimm) {
  Make("xception");
  ExpectMatch(Theirs(Xception("last_linear")), "pretrainedmodels");
  ExpectMatch(Theirs(Xception("fc")), "timm");
  // Behind dropout, as deepfake detectors have it.
  ExpectMatch(Theirs(Xception("last_linear.1")), "timm");
}

TEST_F(ImportNamesTest, PointwiseKernelsWithoutSidesAreRead) {
  Make("xception");
  auto foreign = Theirs(Xception("last_linear"));
  for (auto& [name, tensor] : foreign.tensors) {
    if (name.ends_with("pointwise.weight")) tensor.shape.resize(2);
  }
  ExpectMatch(foreign, "pretrainedmodels");
}

TEST_F(ImportNamesTest, OfTwoAnswersTheLogitIsTheirDifference) {
  Make("resnet18");
  auto foreign = Theirs(ResNet({2, 2, 2, 2}, 2, "fc"));
  const auto both = torch::rand({2, 512});
  foreign.tensors["fc.weight"] = ToPlain(both);
  foreign.tensors["fc.bias"] = ToPlain(torch::tensor({1.F, 3.F}));
  const auto weights = [&](const std::string& fake_is) {
    return MatchWeights(foreign, options_, {"auto", fake_is}, "file").weights;
  };
  EXPECT_TRUE(weights("1").at("fc.weight").equal((both[1] - both[0]).unsqueeze(0)));
  EXPECT_EQ(weights("1").at("fc.bias").item<float>(), 2);
  EXPECT_EQ(weights("0").at("fc.bias").item<float>(), -2);
  EXPECT_EQ(CatchMessage([&] { weights("auto"); }),
            "--fake-is: the file does not say which answer means fake");
}

TEST_F(ImportNamesTest, AThousandClassesLeaveTheClassifierUnset) {
  Make("resnet18");
  auto foreign = Theirs(ResNet({2, 2, 2, 2}, 2, "fc"));
  foreign.tensors["fc.weight"] = ToPlain(torch::zeros({1000, 512}));
  foreign.tensors["fc.bias"] = ToPlain(torch::zeros({1000}));
  const auto match = MatchWeights(foreign, options_, {}, "file");
  EXPECT_EQ(match.differences,
            (std::vector<std::string>{"'fc.weight' has the shape [1000, 512], where fc.weight wants [1, 512]",
                                      "'fc.bias' has the shape [1000], where fc.bias wants [1]"}));
  EXPECT_EQ(match.unset, (std::vector<std::string>{"fc.weight", "fc.bias"}));
}

}  // namespace
}  // namespace seam
