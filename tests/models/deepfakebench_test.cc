// Detectors of DeepfakeBench in the size in which they are published, filled by a formula, and what their
// authors' code answers; and small ones in training.

#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "models/networks/matrices.h"
#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/tensors.h"
#include "scores/score_file.h"
#include "tests/models/filled.h"
#include "tests/models/golden.h"
#include "tests/models/torch_archive.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"
#include "transforms/picture_channels.h"

namespace seam {
namespace {

using nlohmann::json;

struct Published {
  const char *golden, *recipe, *features;
  // Of an answer, and of the features: transforms of 256 pixels in float32 are right to some 1e-4.
  double tolerance = 1e-4;
};

void PrintTo(const Published& published, std::ostream* stream) { *stream << published.golden; }

class PublishedBenchTest : public testing::TestWithParam<Published> {};

TEST_P(PublishedBenchTest, AnswersAsItsAuthorsCode) {
  const std::string path = kGolden + GetParam().golden + ".json";
  SEAM_NEEDS_SHARED(path);
  constexpr int kSide = 256;
  const json expected = json::parse(ReadFile(SharedPath(path))).at("inputs_mix").at("pixels");
  const json names = json::parse(ReadFile(SharedPath(kNames + GetParam().golden + ".json"))).at("tensors");
  const torch::NoGradGuard no_grad;
  ModelOptions options;
  options.size = kSide;
  const auto model = ImportByRecipe(GetParam().recipe, options, FillNames(names, true));
  const torch::Tensor pixels = GoldenPicture(kSide),
                      pictures = pixels.permute({0, 3, 1, 2}).to(torch::kFloat);
  const json& logits = expected.at("logits")[0];
  const double logit = logits[1].get<double>() - logits[0].get<double>();
  const double tolerance = GetParam().tolerance;
  EXPECT_NEAR(model->forward(pictures.unsqueeze(1)).item<double>(), logit, tolerance);
  EXPECT_NEAR(Compile(*model, {})->Logits(pixels.data_ptr<std::uint8_t>(), 1)[0], logit, 2 * tolerance);
  if (std::string(GetParam().features).empty()) return;
  const torch::Tensor features = model->Features(pictures).flatten();
  const json& golden = expected.at(GetParam().features);
  ASSERT_EQ(features.numel(), golden.at("dim").get<std::int64_t>());
  EXPECT_NEAR(features.sum().item<double>() / golden.at("sum").get<double>(), 1, tolerance);
  for (std::int64_t i = 0; i < 8; ++i)
    EXPECT_NEAR(features[i].item<double>(), golden.at("first8")[static_cast<std::size_t>(i)], tolerance);
}

INSTANTIATE_TEST_SUITE_P(All, PublishedBenchTest,
                         testing::Values(Published{"dfb_spsl", "deepfakebench-spsl", "features_pooled"},
                                         Published{"dfb_f3net", "deepfakebench-f3net", "features_pooled",
                                                   3e-4},
                                         Published{"dfb_srm", "deepfakebench-srm", "features_pooled"},
                                         Published{"dfb_recce", "deepfakebench-recce", "features_pooled"},
                                         Published{"dfb_capsule_net", "deepfakebench-capsule", "", 1e-8}),
                         [](const auto& tested) { return std::string(tested.param.golden); });

// Its answers on this fill are close to 0, so the vectors of the capsules are compared as well: theirs lie
// number by number, ours capsule by capsule.
TEST(PublishedCapsuleTest, CapsulesAreThoseOfItsAuthors) {
  const std::string path = kGolden + "dfb_capsule_net.json";
  SEAM_NEEDS_SHARED(path);
  constexpr int kSide = 256, kCapsules = 10;
  const json golden =
      json::parse(ReadFile(SharedPath(path))).at("inputs_mix").at("pixels").at("features_pooled");
  const json names = json::parse(ReadFile(SharedPath(kNames + "dfb_capsule_net.json"))).at("tensors");
  const torch::NoGradGuard no_grad;
  ModelOptions options;
  options.size = kSide;
  const auto model = ImportByRecipe("deepfakebench-capsule", options, FillNames(names, true));
  const auto& nodes = model->graph().nodes();
  const auto squash =
      std::find_if(nodes.begin(), nodes.end(), [](const Node& node) { return node.op == Op::kSquash; });
  const torch::Tensor found = model
                                  ->Run(GoldenPicture(kSide).permute({0, 3, 1, 2}).to(torch::kFloat),
                                        static_cast<int>(squash - nodes.begin()))
                                  .view({kCapsules, -1})
                                  .t()
                                  .flatten();
  for (std::int64_t i = 0; i < 8; ++i)
    EXPECT_NEAR(found[i].item<double>(), golden.at("first8")[static_cast<std::size_t>(i)], 1e-5);
  EXPECT_NEAR(found.sum().item<double>(), golden.at("sum"), 1e-4);
  EXPECT_NEAR(found.abs().sum().item<double>(), golden.at("abs_sum"), 1e-4);
}

// The fourth channel of SPSL and the filtered pictures of F3-Net, number by number.
TEST(BenchInputsTest, ThePhasePictureIsThatOfItsAuthors) {
  const std::string path = kGolden + "dfb_spsl.json";
  SEAM_NEEDS_SHARED(path);
  constexpr int kSide = 256;
  const json golden = json::parse(ReadFile(SharedPath(path))).at("phase_image_of_pixels");
  const torch::Tensor picture = GoldenPicture(kSide);
  std::vector<float> found(std::size_t{kSide} * kSide);
  ComputeChannels(picture.data_ptr<std::uint8_t>(), kSide, kSide, {PictureChannel::kPhase}, found.data());
  double sum = 0, absolutes = 0;
  for (const float number : found) {
    sum += number;
    absolutes += std::abs(static_cast<double>(number));
  }
  EXPECT_NEAR(sum, golden.at("sum"), 1e-4);
  EXPECT_NEAR(absolutes, golden.at("abs_sum"), 1e-3);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(found[i], golden.at("first_row_first8")[i], 1e-7);
    EXPECT_NEAR(found[std::size_t{100} * kSide + i], golden.at("row_100_first8")[i], 1e-7);
  }
}

// As LibTorch resizes, corners aligned, and back by the inverse.
TEST(MatricesTest, ResizeAsLibTorchAndTransformBack) {
  torch::manual_seed(3);
  const torch::Tensor x = torch::rand({1, 2, 6, 9}, torch::kDouble);
  const auto apply = [&](const MatrixSpec& matrices, const torch::Tensor& map) {
    const auto matrix = [&](const std::vector<float>& numbers, std::int64_t columns) {
      return torch::tensor(numbers).to(torch::kDouble).view({-1, columns});
    };
    return matrix(matrices.down, map.size(2)).matmul(map).matmul(matrix(matrices.across, map.size(3)).t());
  };
  for (const auto& [height, width] : {std::pair(12, 5), std::pair(1, 20), std::pair(6, 9)}) {
    EXPECT_LT((apply(LinearResizing({6, 9}, {height, width}), x) -
               at::upsample_bilinear2d(x, {height, width}, true))
                  .abs()
                  .max()
                  .item<double>(),
              1e-6)
        << height << " x " << width;
  }
  const torch::Tensor there = apply(CosineTransform(6, 9), x),
                      back = apply(InverseCosineTransform(6, 9), there);
  EXPECT_LT((back - x).abs().max().item<double>(), 1e-6);
  EXPECT_NEAR(there.square().sum().item<double>(), x.square().sum().item<double>(), 1e-5);
}

#ifdef SEAM_HAS_INFER
// The authors' names with narrow layers: sides above `kept` are divided by eight.
json Narrowed(json rows, std::int64_t kept) {
  for (json& row : rows) {
    for (json& side : row[1]) {
      if (side.get<std::int64_t>() > kept) side = side.get<std::int64_t>() / 8;
    }
  }
  return rows;
}

struct Made {
  const char *golden, *recipe;
  std::int64_t kept;
};

void PrintTo(const Made& made, std::ostream* stream) { *stream << made.golden; }

class MadeBenchFileTest : public testing::TestWithParam<Made> {};

// As its authors save it, with a wrapper's prefix, from the file to the score of a clip.
TEST_P(MadeBenchFileTest, GivesAClipAScore) {
  const std::string path = kNames + GetParam().golden + ".json";
  SEAM_NEEDS_SHARED(path);
  SEAM_NEEDS_DEMO_CLIP();
  const json rows = Narrowed(json::parse(ReadFile(SharedPath(path))).at("tensors"), GetParam().kept);
  const ForeignWeights filled = FillNames(rows, true);
  TorchArchive archive;
  std::string state;
  for (const auto& [name, tensor] : ToTorch(filled.tensors))
    state += TorchArchive::Text("module." + name) + archive.Tensor(tensor);
  TemporaryFolder folder;
  const std::string file = (folder / "made.pth").string(),
                    checkpoint = (folder / "made.safetensors").string(),
                    scores = (folder / "scores.csv").string();
  archive.Write(file, TorchArchive::Dict(state));
  const auto imported = RunCommand("seam models import --size 128 " + file + " -o " + checkpoint);
  ASSERT_EQ(imported.status, 0) << imported.err;
  EXPECT_NE(imported.err.find(std::string("recipe: ") + GetParam().recipe + " "), std::string::npos)
      << imported.err;
  const auto scored = RunCommand("seam infer --frames 2 --model " + checkpoint + " " + DemoClip().string() +
                                 " --output " + scores);
  ASSERT_EQ(scored.status, 0) << scored.err;
  const auto found = ReadScoreFile(scores);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].status, Status::kOk);
  ASSERT_TRUE(found[0].score.has_value());
  EXPECT_GT(*found[0].score, 0);
  EXPECT_LT(*found[0].score, 1);
  // The checkpoint answers as the network that the recipe makes of the tensors.
  const torch::NoGradGuard no_grad;
  ModelOptions options;
  options.size = 128;
  const torch::Tensor picture = GoldenPicture(128).permute({0, 3, 1, 2}).unsqueeze(1);
  EXPECT_EQ(LoadCheckpoint(checkpoint).model->forward(picture).item<float>(),
            ImportByRecipe(GetParam().recipe, options, filled)->forward(picture).item<float>());
}

INSTANTIATE_TEST_SUITE_P(All, MadeBenchFileTest,
                         testing::Values(Made{"dfb_recce", "deepfakebench-recce", 16},
                                         Made{"dfb_capsule_net", "deepfakebench-capsule", 16}),
                         [](const auto& tested) { return std::string(tested.param.golden); });

#endif

class BenchTrainingTest : public testing::TestWithParam<std::pair<const char*, const char*>> {};

// Every weight is moved, those of filters, attention and routing too, and the loss falls.
TEST_P(BenchTrainingTest, LearnsToTellTwoPicturesApart) {
  torch::manual_seed(5);
  const auto [name, flag] = GetParam();
  json variant = json::object();
  if (*flag != '\0') variant = {{flag, true}, {"widths", "4/4/8/8/8/8/8/16"}};
  auto options = GetOptions(name, 64, variant);
  options.dropout = 0;
  const auto model = MakeModel(options);
  const torch::Tensor pictures = torch::rand({4, 1, 3, 64, 64}) * 255,
                      labels = torch::tensor({0.0F, 1.0F, 0.0F, 1.0F});
  std::vector<double> losses;
  for (int step = 0; step < 12; ++step) {
    const torch::Tensor loss = torch::binary_cross_entropy_with_logits(model->forward(pictures), labels);
    loss.backward();
    losses.push_back(loss.item<double>());
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->named_parameters()) {
      ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
      const torch::Tensor gradient = parameter.value().grad();
      EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << parameter.key();
      parameter.value().sub_(gradient, 0.02 / std::max(1.0, gradient.norm().item<double>()));
      gradient.zero_();
    }
  }
  EXPECT_LT(losses.back(), losses.front());
}

INSTANTIATE_TEST_SUITE_P(All, BenchTrainingTest,
                         testing::Values(std::pair("xception", "phase"), std::pair("xception", "fad"),
                                         std::pair("srm", ""), std::pair("recce", ""),
                                         std::pair("capsule", "")),
                         [](const auto& tested) {
                           const std::string flag = tested.param.second;
                           return std::string(tested.param.first) + (flag.empty() ? "" : "_" + flag);
                         });

}  // namespace
}  // namespace seam
