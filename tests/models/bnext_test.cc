// BNext and the detector of "Faster Than Lies" against the outputs of their authors' code.

#include "models/zoo/bnext.h"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "models/import_command.h"
#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/folded_torch_model.h"
#include "tests/models/filled.h"
#include "tests/models/torch_archive.h"
#include "tests/support/support.h"
#ifdef SEAM_ONEDNN
#include "models/networks/onednn_model.h"
#endif

namespace seam {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kFolder = "fixtures/bnext/";
constexpr int kClasses = 1000;

Json Golden(const std::string& file) { return Json::parse(ReadFile(SharedPath(kFolder + file))); }

ModelOptions Usual(const std::string& size, int side, const std::string& channels = "rgb") {
  ModelOptions options;
  options.model = "bnext_" + std::string(1, static_cast<char>(size[0] + ('a' - 'A')));
  options.size = side;
  options.input_channels = channels;
  return options;
}

Graph OfImageNet(const ModelOptions& options) {
  Graph graph;
  const int features = BNextBackbone(&graph, graph.Input(options.size), options);
  graph.BeginHead(features);
  BNextClassifier(&graph, features, options, kClasses);
  return graph;
}

// A name and a shape of the published code.
using Tensors = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

Tensors MakeState(const std::string& size) {
  Tensors tensors;
  const Json state = Golden("bnext_" + size + "_state.json");
  for (const auto& row : state.at("entries")) {
    const auto name = row[0].get<std::string>();
    if (!name.ends_with("num_batches_tracked"))
      tensors.emplace_back(name, row[1].get<std::vector<std::int64_t>>());
  }
  return tensors;
}

// The formulas of the golden numbers, by the names of the published code.
torch::Tensor Filled(const std::string& name, const std::vector<std::int64_t>& shape, int number,
                     double temperature, double products) {
  std::int64_t count = 1;
  for (const auto side : shape) count *= side;
  const auto s = (torch::arange(count, torch::kDouble) * 0.7 + number).sin();
  if (name.ends_with(".temperature")) return torch::full({count}, temperature, torch::kDouble);
  if (name.ends_with(".scale")) return 0.5 + 0.25 * s;
  if (name.ends_with(".move.bias")) return 2 * s - 1;
  if (name.find("activation") != std::string::npos || name.find("prelu") != std::string::npos)
    return 0.25 + 0.1 * s;
  if (name.ends_with("norm1.running_var")) return products * (1 + 0.25 * s);
  if (name.ends_with("norm2.running_var")) return 16 * (1 + 0.25 * s);
  if (name.ends_with("running_var")) return 1 + 0.25 * s;
  if (name.ends_with("running_mean")) return 0.1 * s;
  if (shape.size() > 1)
    return s * std::sqrt(3.0 * static_cast<double>(shape[0]) / static_cast<double>(count));
  return name.ends_with(".weight") ? 1 + 0.1 * s : 0.1 * s;
}

// Fills those that the model has; the others are counted alone.
void Fill(const Tensors& tensors, double temperature, Model* model) {
  const torch::NoGradGuard no_grad;
  model->to(torch::kDouble);
  model->eval();
  auto weights = ListWeights(*model);
  std::map<std::string, double> products;  // of a unit's convolution
  for (const auto& [name, shape] : tensors) {
    if (name.ends_with("binary_conv.weight"))
      products[name.substr(0, name.size() - 19)] = static_cast<double>(shape[1] * shape[2] * shape[3]);
  }
  int number = 0;
  std::size_t filled = 0;
  for (const auto& [name, shape] : tensors) {
    const auto found = weights.find(name);
    const auto unit = products.find(name.substr(0, name.find(".norm1.running_var")));
    if (found != weights.end()) {
      found->second.copy_(Filled(name, shape, number, temperature, unit == products.end() ? 1 : unit->second)
                              .view(found->second.sizes()));
      ++filled;
    }
    ++number;
  }
  ASSERT_EQ(filled, weights.size());
}

// In units of the greatest.
void ExpectNear(const torch::Tensor& numbers, const Json& golden, const Json& sum, double tolerance) {
  const torch::Tensor values = numbers.to(torch::kDouble).flatten();
  const double greatest = values.abs().max().item<double>();
  for (std::size_t i = 0; i < golden.size(); ++i)
    EXPECT_NEAR(values[static_cast<std::int64_t>(i)].item<double>(), golden[i].get<double>(),
                tolerance * greatest);
  EXPECT_NEAR(values.sum().item<double>(), sum.get<double>(),
              tolerance * greatest * static_cast<double>(values.numel()));
}

// sin(0.05x + 0.07y + 1.3c + phase), after the network's own scaling.
torch::Tensor Wave(const Model& model, int side, double phase) {
  const auto along = torch::arange(side, torch::kDouble), channel = torch::arange(3, torch::kDouble);
  const auto picture = (along.view({1, 1, 1, side}) * 0.05 + along.view({1, 1, side, 1}) * 0.07 +
                        channel.view({1, 3, 1, 1}) * 1.3 + phase)
                           .sin();
  return Unscaled(model, picture);
}

class BNextGoldenTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { SEAM_NEEDS_SHARED(kFolder + "bnext_golden.json"); }
};

// T of 32 and 64 pixels, T of weights between signs, M of 32 pixels.
TEST_P(BNextGoldenTest, LogitsAndFeaturesAreThoseOfTheAuthorsCode) {
  const torch::NoGradGuard no_grad;
  const Json golden =
      Golden("bnext_golden.json").at("small_robust_cases")[static_cast<std::size_t>(GetParam())];
  const auto size = golden.at("size").get<std::string>();
  const ModelOptions options = Usual(size, golden.at("input"));
  Model model(options, OfImageNet(options), Model::kUnset);
  Fill(MakeState(size), golden.at("temperature_of_every_unit").get<double>(), &model);
  const torch::Tensor picture = Wave(model, options.size, golden.at("phase"));
  ExpectNear(model.Features(picture), golden.at("features_first8"), golden.at("features_sum"), 1e-9);
  ExpectNear(model.Run(picture, model.graph().answer()), golden.at("logits_first8"), golden.at("logits_sum"),
             1e-9);
}

INSTANTIATE_TEST_SUITE_P(Cases, BNextGoldenTest, testing::Range(0, 4));

TEST(BNextTest, TinyAnswersAPictureOfItsUsualSizeAsTheAuthorsCodeDoes) {
  SEAM_NEEDS_SHARED(kFolder + "bnext_golden.json");
  const torch::NoGradGuard no_grad;
  const Json golden = Golden("bnext_golden.json").at("models")[0];
  const ModelOptions options = Usual("T", golden.at("input"));
  Model model(options, OfImageNet(options), Model::kUnset);
  Fill(MakeState("T"), 1e-8, &model);
  ExpectNear(model.Run(Wave(model, options.size, 0), model.graph().answer()), golden.at("logits_first8"),
             golden.at("logits_sum"), 1e-9);
}

// Every name and shape of the published code is ours, or one that no answer depends on there.
TEST(BNextTest, ParametersAreThePublishedOnesAndNoneIsUnknown) {
  SEAM_NEEDS_SHARED(kFolder + "bnext_golden.json");
  const std::regex unused(
      "feature\\.0\\.prelu\\.weight|feature\\.\\d+\\.FFN(_[12])?\\.activation1\\.weight|"
      "feature\\.\\d*[13579]\\.Attention\\.activation1\\.weight|.*binary_activation\\.temperature");
  const std::map<std::string, std::int64_t> published = {
      {"T", 30'862'236}, {"S", 68'594'614}, {"M", 134'501'974}, {"L", 326'546'640}};
  for (const auto& [size, parameters] : published) {
    SCOPED_TRACE(size);
    std::map<std::string, WeightSpec> ours;
    for (const WeightSpec& weight : ListWeights(OfImageNet(Usual(size, 224)))) ours[weight.name] = weight;
    std::int64_t count = 0;
    std::size_t found = 0;
    for (const auto& [name, shape] : MakeState(size)) {
      std::int64_t numbers = 1;
      for (const auto side : shape) numbers *= side;
      const auto own = ours.find(name);
      const bool learned = name.find("running_") == std::string::npos && !name.ends_with("temperature");
      count += learned ? numbers : 0;
      if (own == ours.end()) {
        EXPECT_TRUE(std::regex_match(name, unused)) << name;
        continue;
      }
      ++found;
      std::int64_t held = 1;
      for (const auto side : own->second.shape) held *= side;
      EXPECT_EQ(held, numbers) << name;
      EXPECT_EQ(own->second.learnable, learned) << name;
    }
    EXPECT_EQ(found, ours.size());
    EXPECT_EQ(count, parameters);
  }
}

// The picture of the golden numbers, [1, 1, 224, 224, 3].
torch::Tensor DetectorsPicture() {
  constexpr int kSide = 224;
  auto picture = torch::empty({1, 1, kSide, kSide, 3}, torch::kByte);
  auto at = picture.accessor<std::uint8_t, 5>();
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      for (int k = 0; k < 3; ++k) {
        at[0][0][y][x][k] = static_cast<std::uint8_t>(
            (7 * x + 13 * y + 29 * k + x * y % 17 * 5 + (x * x + 3 * y * k) % 23 * 3) % 256);
      }
    }
  }
  return picture;
}

// The detector's tensors are the trunk's without its classifier, then its own.
Tensors StateOfDetector(const std::string& size, std::int64_t features) {
  Tensors tensors = MakeState(size);
  std::erase_if(tensors, [](const auto& tensor) { return tensor.first.starts_with("fc."); });
  tensors.insert(tensors.end(), {{"adapter.weight", {3, 5, 3, 3}},
                                 {"adapter.bias", {3}},
                                 {"fc.weight", {1, features}},
                                 {"fc.bias", {1}}});
  return tensors;
}

TEST(BinaryDetectorTest, SeesComputedChannelsAndAnswersAsTheAuthorsCodeDoes) {
  SEAM_NEEDS_SHARED(kFolder + "detector_002.json");
  const torch::NoGradGuard no_grad;
  const Json golden = Golden("detector_002.json").at("detectors")[0];
  ASSERT_EQ(golden.at("size"), "T");
  const auto model = std::make_shared<Model>(Usual("T", 224, "rgb,fft,lbp"),
                                             MakeGraph(Usual("T", 224, "rgb,fft,lbp")), Model::kUnset);
  Fill(StateOfDetector("T", 1024), 1e-8, model.get());
  const torch::Tensor picture = DetectorsPicture();
  const double logit = golden.at("logit").get<double>();
  EXPECT_NEAR(model->forward(picture.permute({0, 1, 4, 2, 3})).item<double>(), logit, 1e-4);
  // In float32 the nearest of 5,770,240 signs may fall otherwise: each moves the logit by 5e-3.
  model->to(torch::kFloat);
  EXPECT_NEAR(
      Compile(*model, {.precision = "fp32", .device = "cpu"})->Logits(picture.data_ptr<std::uint8_t>(), 1)[0],
      logit, 0.03);
}

TEST(BinaryDetectorTest, HasThePublishedNumberOfParameters) {
  SEAM_NEEDS_SHARED(kFolder + "detector_002.json");
  const Json file = Golden("detector_002.json");
  ASSERT_EQ(file.at("detectors").size(), 2U);
  for (const Json& golden : file.at("detectors")) {
    const auto size = golden.at("size").get<std::string>();
    const ModelOptions options = Usual(size, 224, "rgb,fft,lbp");
    std::map<std::string, bool> ours;
    for (const WeightSpec& weight : ListWeights(MakeGraph(options))) ours[weight.name] = true;
    std::int64_t unused = 0;
    for (const auto& [name, shape] : MakeState(size)) {
      if (ours.count(name) == 0 && name.ends_with(".weight")) unused += shape[0];
    }
    EXPECT_EQ(CountTrainable(MakeGraph(options)) + unused, golden.at("parameters").get<std::int64_t>());
  }
}

// A small BNext of fresh weights that are signs, but for those that lie between them.
std::shared_ptr<Model> Small(int width, double fractions) {
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  auto model = MakeModel(GetOptions("bnext_t", 64, {{"width", width}}));
  for (auto& [name, tensor] : ListWeights(*model)) {
    torch::Tensor weight = tensor;
    if (name.ends_with("temperature")) {
      weight.fill_(fractions > 0 ? 1 : 1e-8);
    } else if (name.ends_with("binary_conv.weight")) {
      weight.uniform_(1, 1.5).mul_(torch::rand_like(weight).sub(0.5).sign());
      weight.mul_(torch::where(torch::rand_like(weight) < fractions, 0.3, 1.0));
    } else if (name.ends_with("norm1.running_var")) {
      weight.uniform_(50, 150);
    } else if (name.ends_with("running_var")) {
      weight.uniform_(0.5, 2);
    } else if (name.ends_with("bias") || name.ends_with("running_mean")) {
      weight.uniform_(-0.5, 0.5);
    } else if (weight.dim() == 1) {
      weight.uniform_(0.2, 0.9);
    }
  }
  model->eval();
  return model;
}

torch::Tensor Noise(int count, int side) {
  torch::manual_seed(8);
  return torch::randint(0, 256, {count, 1, side, side, 3}, torch::kByte);
}

// A file as Lightning writes it, of a detector that answers whether a picture is real: as its authors' code
// names things and shapes them, with what no answer depends on.
fs::path WriteLightning(const fs::path& path, const Model& model, const std::string& prefix) {
  const torch::NoGradGuard no_grad;
  TorchArchive archive;
  std::string state;
  const auto weights = ListWeights(model);
  const auto insert = [&](const std::string& name, const torch::Tensor& tensor) {
    state += TorchArchive::Text(prefix + name) + archive.Tensor(tensor);
  };
  for (const auto& [name, tensor] : weights) {
    const bool own = name.starts_with("fc.") || name.starts_with("adapter.");
    const bool map = name.ends_with(".scale") || name.ends_with(".move.bias");
    insert((own ? "" : "base_model.") + name, name.starts_with("fc.") ? -tensor
                                              : map                   ? tensor.view({1, -1, 1, 1})
                                                                      : tensor);
    if (!name.ends_with("norm1.weight")) continue;
    const std::string unit = name.substr(0, name.size() - 12);
    insert("base_model." + unit + "norm1.num_batches_tracked", torch::ones({}, torch::kLong));
    insert("base_model." + unit + "binary_activation.temperature", torch::ones({1}));
    if (weights.count(unit + "activation1.weight") == 0)
      insert("base_model." + unit + "activation1.weight", torch::ones_like(tensor));
  }
  insert("base_model.feature.0.prelu.weight", torch::ones({16}));
  archive.Write(path,
                TorchArchive::Dict(TorchArchive::Text("epoch") + TorchArchive::Number(4) +
                                   TorchArchive::Text("state_dict") + TorchArchive::Dict(state) +
                                   TorchArchive::Text("hyper_parameters") +
                                   TorchArchive::Dict(TorchArchive::Text("seed") + TorchArchive::Number(5))));
  return path;
}

class BinaryDetectorFileTest : public testing::TestWithParam<const char*> {};

TEST_P(BinaryDetectorFileTest, ItsRecipeBringsTheNetworkTheChannelsTheCropAndTheSign) {
  torch::manual_seed(3);
  ModelOptions options = GetOptions("bnext_t");
  options.input_channels = "rgb,fft,lbp";
  options.size = 64;
  const auto made = MakeModel(options);
  made->eval();
  TemporaryFolder folder;
  const fs::path file = WriteLightning(folder / "dffd_T.ckpt", *made, GetParam()),
                 out = folder / "out.safetensors";
  testing::internal::CaptureStderr();
  ASSERT_EQ(ImportModel({"--size", "64", file.string(), "-o", out.string()}), 0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("recipe: faster-than-lies "));
  const Checkpoint checkpoint = LoadCheckpoint(out);
  EXPECT_EQ(checkpoint.model->options().model, "bnext_t");
  EXPECT_EQ(checkpoint.model->options().input_channels, "rgb,fft,lbp");
  EXPECT_EQ(checkpoint.info.crop.detector(), "whole");
  EXPECT_EQ(checkpoint.info.crop.align(), "shorter");
  EXPECT_EQ(checkpoint.info.crop.margin(), 0.125);
  const torch::NoGradGuard no_grad;
  const torch::Tensor pictures = Noise(2, 64).permute({0, 1, 4, 2, 3});
  EXPECT_TRUE(torch::allclose(checkpoint.model->forward(pictures), made->forward(pictures), 1e-5, 1e-6));
  ASSERT_EQ(ImportModel({"--size", "64", "--recipe", "faster-than-lies-face", "--overwrite", file.string(),
                         "-o", out.string()}),
            0);
  EXPECT_EQ(LoadCheckpoint(out).info.crop.detector(), "retinaface");
  EXPECT_EQ(LoadCheckpoint(out).info.crop.align(), "portrait");
}

INSTANTIATE_TEST_SUITE_P(Nesting, BinaryDetectorFileTest, testing::Values("", "module.", "model."),
                         [](const auto& tested) { return "Prefix" + std::to_string(tested.index); });

#ifdef SEAM_ONEDNN
TEST(BNextTest, PackedConvolutionsGiveTheBitsOfTheFloatForm) {
  const auto model = Small(16, 0);
  const FoldedGraph folded = FoldModel(*model);
  const torch::Tensor pictures = Noise(4, 64);
  const auto logits = [&](bool packed) {
    return CompileForCpu(folded, model->input(), {.precision = "fp32", .packed = packed})
        ->Logits(pictures.data_ptr<std::uint8_t>(), 4);
  };
  const std::vector<double> packed = logits(true), floats = logits(false);
  EXPECT_EQ(packed, floats);
  EXPECT_NE(packed[0], packed[1]);
}

TEST(BNextTest, AFewWeightsBetweenSignsAreMendedInThePackedForm) {
  const auto model = Small(16, 0.002);
  const FoldedGraph folded = FoldModel(*model);
  const torch::Tensor pictures = Noise(4, 64);
  const auto logits = [&](const CompileOptions& options) {
    return CompileForCpu(folded, model->input(), options)->Logits(pictures.data_ptr<std::uint8_t>(), 4);
  };
  const std::vector<double> packed = logits({.precision = "fp32"}),
                            floats = logits({.precision = "fp32", .packed = false});
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(packed[i], floats[i], 0.02 * std::max(1.0, std::abs(floats[i])));
}
#endif

TEST(BNextTest, BinaryWeightsLearnByGradientsThatPassThroughTheirSigns) {
  const auto model = Small(8, 0);
  model->train();
  model->forward(Noise(4, 64).permute({0, 1, 4, 2, 3})).pow(2).sum().backward();
  int binary = 0;
  for (const auto& parameter : model->named_parameters()) {
    if (parameter.key().find(".binary_conv.") == std::string::npos &&
        !parameter.key().ends_with(".move.bias"))
      continue;
    ++binary;
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
  EXPECT_EQ(binary, 2 * 31);
  // What a step makes greater than 1.5 the next pass brings back.
  const torch::NoGradGuard no_grad;
  ListWeights(*model).at("feature.3.Attention.binary_conv.weight").fill_(7);
  model->forward(Noise(4, 64).permute({0, 1, 4, 2, 3}));
  EXPECT_EQ(ListWeights(*model).at("feature.3.Attention.binary_conv.weight").max().item<float>(), 1.5F);
}

}  // namespace
}  // namespace seam
