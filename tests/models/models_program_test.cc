// The program `seam models`.

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/torch/checkpoint.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ModelsProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    ModelOptions options;
    options.model = "mesoinception4";
    options.size = 32;
    options.temporal = {.head = "lstm", .frames = 3, .hidden = 4};
    CheckpointInfo info;
    info.crop = HogCrop(32);
    info.crop.set_encoding("png");
    info.epoch = 7;
    info.threshold = 0.25;
    info.calibration =
        Calibration{.temperature = 1.5, .band_low = 0.125, .band_high = 0.5, .real = 30, .fake = 40};
    info.notice = "for tests\nonly";
    info.metrics = R"({"val_auc_video":0.75})";
    info.recipe = R"({"data":{"train":{"sha256":"abc"}}})";
    WriteCheckpoint(path_, options, info);
  }

  CommandResult Models(const std::string& arguments) const { return RunCommand("seam models " + arguments); }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "a.safetensors";
};

TEST_F(ModelsProgramTest, ListNamesEveryNetworkWithItsSize) {
  const auto result = Models("list");
  EXPECT_EQ(result.status, 0) << result.err;
  for (const auto& name : ModelNames()) EXPECT_THAT(result.out, HasSubstr("\n" + name + " "));
  EXPECT_THAT(result.out, AllOf(HasSubstr("27,977"), HasSubstr("1809.00888")));
  const auto json = nlohmann::json::parse(Models("list --json").out);
  EXPECT_EQ(json.size(), ModelRegistry().size());
  EXPECT_EQ(json[0]["parameters"], 27'977);
  EXPECT_EQ(json[0]["size"], 256);
}

TEST_F(ModelsProgramTest, ShowTellsWhatTheCheckpointHolds) {
  const auto result = Models("show " + Quoted(path_.string()));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("mesoinception4"), HasSubstr("32x32 RGB, windows of 3 frames"),
                                HasSubstr("detector = hog"), HasSubstr("fake from 0.25 on"),
                                HasSubstr("temperature = 1.5"), HasSubstr("band.0 = 0.125"),
                                HasSubstr("videos.fake = 40"), HasSubstr("val_auc_video = 0.75"),
                                HasSubstr("for tests\\nonly"), HasSubstr("data.train.sha256 = abc")));
}

TEST_F(ModelsProgramTest, ShowAsJsonHoldsTheSame) {
  const auto json = nlohmann::json::parse(Models("show --json " + Quoted(path_.string())).out);
  EXPECT_EQ(json["model"], "mesoinception4");
  EXPECT_EQ(json["options"]["temporal"]["hidden"], 4);
  EXPECT_EQ(json["input"]["frames"], 3);
  EXPECT_EQ(json["crop"]["detector"], "hog");
  EXPECT_EQ(json["threshold"], 0.25);
  EXPECT_EQ(json["calibration"]["band"][1], 0.5);
  EXPECT_EQ(json["notice"], "for tests\nonly");
  EXPECT_EQ(json["recipe"]["data"]["train"]["sha256"], "abc");
}

TEST_F(ModelsProgramTest, WrongUsageIsExplained) {
  EXPECT_EQ(Models("").status, 2);
  EXPECT_EQ(Models("shwo").err, "error: 'shwo': no such command\nhint: did you mean seam models show?\n");
  EXPECT_EQ(Models("show").err, "error: seam models show: takes one file\nhint: name a checkpoint\n");
  EXPECT_EQ(Models("show /nowhere").status, 1);
  EXPECT_THAT(Models("--help").out, AllOf(HasSubstr("  list "), HasSubstr("  show ")));
}

}  // namespace
}  // namespace seam
