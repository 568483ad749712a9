#include "models/weights/hub_config.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

TEST(HubConfigTest, OneOfTwoLabelsSpeaksOfFakes) {
  EXPECT_EQ(FakeLabel({"Real", "Fake"}), 1);
  EXPECT_EQ(FakeLabel({"Deepfake", "Real"}), 0);
  EXPECT_EQ(FakeLabel({"artificial", "human"}), 0);
  EXPECT_EQ(FakeLabel({"realism", "AI"}), 1);
  EXPECT_EQ(FakeLabel({"fair", "real"}), std::nullopt) << "ai stands alone only";
  EXPECT_EQ(FakeLabel({"fake", "deepfake"}), std::nullopt);
  EXPECT_EQ(FakeLabel({"LABEL_0", "LABEL_1"}), std::nullopt);
  EXPECT_EQ(FakeLabel({"AI", "Deepfake", "Real"}), std::nullopt);
}

TEST(HubConfigTest, PartsMayLieInTheConfigurationOfTheVisionModel) {
  TemporaryFolder folder;
  EXPECT_FALSE(ReadHubConfig(folder / "model.safetensors").has_value());
  WriteFile(folder / "config.json",
            R"({"id2label": {"0": "fake", "1": "real"}, "vision_config": {"num_attention_heads": 12,
                "image_size": 512, "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-06}})");
  WriteFile(folder / "preprocessor_config.json",
            R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [1, 1, 1]})");
  const auto config = ReadHubConfig(folder / "model.safetensors");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->labels, (std::vector<std::string>{"fake", "real"}));
  EXPECT_EQ(config->heads, 12);
  EXPECT_EQ(config->size, 512);
  EXPECT_EQ(config->act, "gelu_tanh");
  EXPECT_EQ(config->eps, 1e-6);
  EXPECT_EQ(config->mean, (std::array{0.5, 0.5, 0.5}));
  EXPECT_EQ(config->std, (std::array{1.0, 1.0, 1.0}));
  WriteFile(folder / "config.json", "no JSON");
  EXPECT_EQ(CatchMessage([&] { ReadHubConfig(folder / "model.safetensors"); }),
            (folder / "config.json").string() + ": is no JSON object");
}

}  // namespace
}  // namespace seam
