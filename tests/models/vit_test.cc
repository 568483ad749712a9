// Vision transformers under the names of those who publish them, filled by formulas, and what their authors'
// code answers.

#include "models/zoo/vit.h"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/vit_names.h"
#include "tests/models/filled.h"
#include "tests/models/golden.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using nlohmann::json;

struct Small {
  const char *model, *recipe, *features;  // which of the answers the features are
  json variant;
  std::string prefix = "";  // that its names have in files
};

void PrintTo(const Small& small, std::ostream* stream) { *stream << small.model; }

class SmallVitTest : public testing::TestWithParam<Small> {};

TEST_P(SmallVitTest, AnswersAsItsAuthorsCode) {
  SEAM_NEEDS_SHARED(kGolden + "vit_small.json");
  const json golden = json::parse(ReadFile(SharedPath(kGolden + "vit_small.json")));
  const json& models = golden.at("models");
  const json& entry = *std::find_if(models.begin(), models.end(),
                                    [&](const json& model) { return model.at("model") == GetParam().model; });
  const torch::NoGradGuard no_grad;
  for (const bool mix : {false, true}) {
    ModelOptions options;
    options.size = golden.at("config").at("side");
    options.variant = GetParam().variant;
    options.variant["heads"] = 4;
    const auto model =
        ImportByRecipe(GetParam().recipe, options, FillNames(entry.at("tensors"), mix, GetParam().prefix));
    const auto fast = Compile(*model, {});
    for (const char* input : {"waves", "pixels"}) {
      const std::string what = std::string(mix ? "mix/" : "formula/") + input;
      const json& expected = entry.at("results").at(what);
      const bool bytes = std::strcmp(input, "pixels") == 0;
      const torch::Tensor pixels = GoldenPicture(options.size),
                          pictures = bytes ? pixels.permute({0, 3, 1, 2}).to(torch::kFloat)
                                           : Unscaled(*model, Waves(1, options.size, torch::kFloat));
      if (expected.contains(GetParam().features)) {
        ExpectNear(model->Features(pictures), expected.at(GetParam().features), what);
        if (bytes)
          ExpectNear(torch::tensor(fast->Features(pixels.data_ptr<std::uint8_t>(), 1)),
                     expected.at(GetParam().features), what + ", fast");
      }
      if (!expected.contains("logits")) continue;
      const json& logits = expected.at("logits");
      const double logit =
          logits.size() == 2 ? logits[1].get<double>() - logits[0].get<double>() : logits[0].get<double>();
      ExpectNear(model->forward(pictures.unsqueeze(1)), json::array({logit}), what);
      if (bytes) {
        EXPECT_NEAR(fast->Logits(pixels.data_ptr<std::uint8_t>(), 1)[0], logit, 1e-4) << what;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SmallVitTest,
    testing::Values(Small{"hf_vit_small", "huggingface-vit", "features", json::object()},
                    Small{"hf_clip_small", "universalfakedetect", "projected", json::object()},
                    Small{"openai_clip_small", "universalfakedetect", "projected", json::object(), "visual."},
                    Small{"timm_vit_small", "communityforensics-224", "features", json::object()},
                    Small{"hf_siglip_small", "huggingface-siglip", "features", json::object()},
                    Small{"hf_dinov3_small", "gend-dinov3", "class_token", {{"unit", false}}}),
    [](const auto& tested) { return std::string(tested.param.model); });

// The networks in the size in which they are published.
struct Published {
  const char *golden, *names, *recipe;
  int side;
};

void PrintTo(const Published& published, std::ostream* stream) { *stream << published.golden; }

class PublishedVitTest : public testing::TestWithParam<Published> {};

TEST_P(PublishedVitTest, AnswersAsItsAuthorsCode) {
  const std::string path = kGolden + GetParam().golden + ".json";
  SEAM_NEEDS_SHARED(path);
  const json golden = json::parse(ReadFile(SharedPath(path)));
  json names = json::parse(ReadFile(SharedPath(kNames + GetParam().names + ".json")));
  if (names.is_object()) names = names.at("tensors");
  const torch::NoGradGuard no_grad;
  const std::string what = golden.at("inputs").contains("mix/pixels") ? "mix/pixels" : "formula/waves";
  ModelOptions options;
  options.size = GetParam().side;
  const auto model = ImportByRecipe(GetParam().recipe, options, FillNames(names, what == "mix/pixels"));
  const torch::Tensor pixels = GoldenPicture(options.size),
                      pictures = what == "mix/pixels"
                                     ? pixels.permute({0, 3, 1, 2}).to(torch::kFloat)
                                     : Unscaled(*model, Waves(1, options.size, torch::kFloat));
  const json& expected = golden.at("inputs").at(what);
  const json& logits = expected.at("logits");
  const double logit =
      logits.size() == 2 ? logits[1].get<double>() - logits[0].get<double>() : logits[0].get<double>();
  ExpectNear(model->forward(pictures.unsqueeze(1)), json::array({logit}), what);
  if (what == "mix/pixels") {
    EXPECT_NEAR(Compile(*model, {})->Logits(pixels.data_ptr<std::uint8_t>(), 1)[0], logit, 2e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PublishedVitTest,
    testing::Values(Published{"hf_vit_b16", "hf_vit_b16", "huggingface-vit", 224},
                    Published{"dfb_clip", "dfb_clip", "deepfakebench-clip", 224},
                    Published{"hf_siglip_b16_224", "hf_siglip_b16_224", "huggingface-siglip", 224},
                    Published{"hf_siglip_b16_512", "hf_siglip_b16_512", "huggingface-siglip", 512},
                    Published{"commfor_small_384_384", "commfor_small_384", "communityforensics-384", 384},
                    Published{"commfor_small_224_224", "commfor_small_224", "communityforensics-224", 224},
                    Published{"commfor_tiny_224_224", "commfor_tiny_224", "communityforensics-224", 224},
                    Published{"ufd", "ufd", "universalfakedetect", 224},
                    Published{"effort", "effort", "effort", 224},
                    Published{"gend_clip", "gend_clip", "gend-clip", 224},
                    Published{"gend_pe", "gend_pe", "gend-pe", 224},
                    Published{"gend_dinov3", "gend_dinov3", "gend-dinov3", 224}),
    [](const auto& tested) { return std::string(tested.param.golden); });

// The published counts, of 1000 classes in timm: here one answer.
TEST(VitTest, HasAsManyLearnableNumbersAsPublished) {
  const auto count = [](const char* model, const json& variant = json::object()) {
    ModelOptions options;
    options.model = model;
    options.variant = variant;
    return CountTrainable(MakeGraph(options));
  };
  EXPECT_EQ(count("vit_s16") + 999 * 385, 22'050'664);    // vit_small_patch16_224
  EXPECT_EQ(count("vit_b16") + 999 * 769, 86'567'656);    // vit_base_patch16_224
  EXPECT_EQ(count("vit_b32") + 999 * 769, 88'224'232);    // vit_base_patch32_224
  EXPECT_EQ(count("vit_l16") + 999 * 1025, 304'326'632);  // vit_large_patch16_224
  // The half of CLIP that sees pictures.
  EXPECT_EQ(count("vit_l14", {{"flavour", "clip"}, {"projection", 768}}) - 769, 303'966'208);
}

TEST(VitTest, WhatMakesNoSenseIsOneLine) {
  const auto message = [](const json& variant) {
    ModelOptions options;
    options.model = "vit_b16";
    options.variant = variant;
    return CatchMessage([&] { MakeGraph(options); });
  };
  EXPECT_EQ(message({{"heads", 7}}),
            "network: attention: 2304 channels are no queries, keys and values of 7 heads");
  EXPECT_EQ(message({{"flavour", "clop"}}), "variant: flavour='clop' makes no sense for vit_b16");
  EXPECT_EQ(message({{"flavour", "siglip"}, {"pool", "class"}}), "variant: pool=class needs a class token");
  EXPECT_EQ(message({{"patch", 300}}),
            "network: patch_embed: a kernel over 300 pixels does not fit a side of 224");
}

// Positions of another grid are resampled as LibTorch resamples pictures.
TEST(VitTest, PositionsAreResampledAsPicturesAre) {
  torch::manual_seed(6);
  for (const auto& [from, to] : {std::pair(6, 4), std::pair(4, 7), std::pair(3, 3)}) {
    const torch::Tensor given = torch::rand({1, 2, from, from});
    const auto weights = torch::tensor(PositionWeights(from, to)).view({to, from});
    const torch::Tensor found = torch::einsum("yk,bckx,zx->bcyz", {weights, given, weights}),
                        expected =
                            at::_upsample_bicubic2d_aa(given, {to, to}, false, c10::nullopt, c10::nullopt);
    EXPECT_LT((found - expected).abs().max().item<float>(), 1e-5F) << from << " to " << to;
  }
}

// Training at 64 pixels with the table of 224 pixels' positions: the fast form has it resampled.
TEST(VitTest, TakesPositionsOfAnotherSize) {
  torch::manual_seed(2);
  const auto model = MakeModel(GetOptions("vit_s16", 64, {{"depth", 2}, {"positions", 14}}));
  EXPECT_EQ(ListWeights(*model).at("positions.weight").size(0), 197);
  const torch::Tensor pixels = GoldenPicture(64);
  const double logit = model->forward(pixels.permute({0, 3, 1, 2}).unsqueeze(1)).item<double>();
  EXPECT_NEAR(Compile(*model, {})->Logits(pixels.data_ptr<std::uint8_t>(), 1)[0], logit, 1e-4);
}

}  // namespace
}  // namespace seam
