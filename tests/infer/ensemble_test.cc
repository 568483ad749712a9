// Several networks on one video: `seam infer --model A,B` and files of `seam models fuse`.

#include "infer/ensemble.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/sibling.h"
#include "models/zoo/ensemble_file.h"
#include "scores/calibration.h"
#include "scores/score_file.h"
#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class EnsembleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SEAM_NEEDS_DEMO_CLIP();
    MakeCheckpoint(folder_ / "a.safetensors", TestCheckpoint{.seed = 3});
    CheckpointInfo wide;
    wide.crop = HogCrop(256);
    wide.crop.set_margin(0.8);
    WriteCheckpoint(folder_ / "b.safetensors", ModelOptions(), wide, 5);
  }

  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  // One video's row, from the JSON lines.
  nlohmann::json Infer(const std::string& model, const std::string& more = "") const {
    const CommandResult result = RunCommand("seam infer --frames 4 --jsonl - " + more + " --model " +
                                            Quoted(model) + " " + Quoted(DemoClip().string()));
    EXPECT_EQ(result.status, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  }

  static double MeanOfLogits(double a, double b) { return Sigmoid((Logit(a) + Logit(b)) / 2); }

  TemporaryFolder folder_;
};

TEST_F(EnsembleTest, EachNetworkSaysWhatItSaysAloneAndTheScoreIsTheMeanOfLogits) {
  const double a = Infer(At("a.safetensors"))["score"], b = Infer(At("b.safetensors"))["score"];
  ASSERT_NE(a, b);
  const auto row = Infer(At("a.safetensors") + "," + At("b.safetensors"),
                         "--output " + At("s.csv") + " --report " + At("page.html"));
  ASSERT_EQ(row["networks"].size(), 2U);
  EXPECT_EQ(row["networks"][0]["name"], "a");
  EXPECT_EQ(row["networks"][1]["name"], "b");
  EXPECT_NEAR(row["networks"][0]["score"], a, 1e-9);
  EXPECT_NEAR(row["networks"][1]["score"], b, 1e-9);
  EXPECT_NEAR(row["score"], MeanOfLogits(a, b), 1e-9);
  EXPECT_EQ(row["verdict"], row["score"].get<double>() >= 0.5 ? "fake" : "real");
  for (const auto& frame : row["tracks"][0]["frames"])
    EXPECT_NEAR(frame["score"], MeanOfLogits(frame["networks"][0], frame["networks"][1]), 1e-9);

  const auto rows = ReadScoreFile(At("s.csv"));
  ASSERT_EQ(rows.size(), 1U);
  ASSERT_EQ(rows[0].networks.size(), 2U);
  EXPECT_EQ(rows[0].networks[1].name, "b");
  EXPECT_NEAR(*rows[0].networks[1].score, b, 1e-9);
  const std::string page = ReadFile(At("page.html"));
  EXPECT_THAT(page, testing::HasSubstr("What each network says"));
  EXPECT_THAT(page, testing::HasSubstr("fused by the logits: 0.5 x a + 0.5 x b"));
}

TEST_F(EnsembleTest, AFileHoldsNetworksWeightsThresholdAndBand) {
  EnsembleInfo info = ComputeMean({"one", "two"});
  info.members[0].weight = 1.5;
  info.members[1].weight = 0.25;
  info.bias = -0.5;
  info.threshold = 0.3;
  Calibration calibration;
  calibration.temperature = 2;
  calibration.band_low = 0;
  calibration.band_high = 1;
  info.calibration = calibration;
  const fs::path file = folder_ / "both.safetensors";
  WriteEnsemble(file, info, {folder_ / "a.safetensors", folder_ / "b.safetensors"});
  const auto parts = Infer(At("a.safetensors") + "," + At("b.safetensors"));
  fs::remove(folder_ / "a.safetensors");
  fs::remove(folder_ / "b.safetensors");
  const auto row = Infer(file.string());
  const double a = parts["networks"][0]["score"], b = parts["networks"][1]["score"];
  EXPECT_EQ(row["networks"][0]["name"], "one");
  EXPECT_NEAR(row["networks"][0]["score"], a, 1e-9);
  const double fused = Sigmoid(1.5 * Logit(a) + 0.25 * Logit(b) - 0.5);
  EXPECT_NEAR(row["score"], fused, 1e-9);
  EXPECT_NEAR(row["probability"], CalibratedProbability(fused, 2), 1e-9);
  EXPECT_EQ(row["threshold"], 0.3);
  EXPECT_EQ(row["verdict"], "uncertain");  // the band is all there is
}

TEST_F(EnsembleTest, AnInputWithoutAScoreSaysNothingOfEachNetwork) {
  WriteFile(folder_ / "text.mp4", "no film");
  const CommandResult result = RunCommand(
      "seam infer --model " + Quoted(At("a.safetensors") + "," + At("b.safetensors")) + " " + At("text.mp4") +
      " " + Quoted(DemoClip().string()) + " --frames 2 --report " + At("page.html"));
  EXPECT_EQ(result.status, 3) << result.err;
  std::istringstream lines(result.out);
  std::vector<std::string> told;
  for (std::string line; std::getline(lines, line);) told.push_back(line);
  ASSERT_EQ(told.size(), 4U) << result.out;  // the second one's networks alone have a line
  EXPECT_THAT(told[1], testing::HasSubstr("text.mp4"));
  EXPECT_THAT(told[2], testing::HasSubstr(DemoClip().filename().string()));
  EXPECT_THAT(told[3], testing::ContainsRegex("a [0-9.]+, b [0-9.]+"));
  const std::string page = ReadFile(At("page.html")), words = "What each network says";
  EXPECT_NE(page.find(words), std::string::npos);
  EXPECT_EQ(page.find(words), page.rfind(words));
}

TEST_F(EnsembleTest, WhatCannotWorkTogetherIsOneClearLine) {
  MakeCheckpoint(folder_ / "windows.safetensors", TestCheckpoint{.window = 3});
  const auto told = [&](const std::string& arguments) {
    const CommandResult result = RunCommand("seam infer " + arguments + " " + Quoted(DemoClip().string()));
    EXPECT_NE(result.status, 0);
    return result.err;
  };
  EXPECT_THAT(told("--model " + At("a.safetensors") + "," + At("windows.safetensors")),
              testing::HasSubstr("windows: takes windows of 3 frames, 1 apart, and a takes single frames"));
  EXPECT_THAT(told("--model " + At("a.safetensors") + "," + At("none.safetensors")),
              testing::HasSubstr("none.safetensors"));
  EXPECT_THAT(told("--model " + At("a.safetensors") + ","), testing::HasSubstr("no file between two commas"));
}

TEST_F(EnsembleTest, HeatMapsAreOfTheFirstNetwork) {
  if (!HasSibling("infer-torch")) GTEST_SKIP() << "needs LibTorch";
  const std::string page = At("p.html");
  const CommandResult result =
      RunCommand("seam infer --frames 4 --explain --report " + page + " --model " + At("a.safetensors") +
                 "," + At("b.safetensors") + " " + Quoted(DemoClip().string()));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(ReadFile(At("p.html")), testing::HasSubstr("the heat maps show where"));
}

TEST_F(EnsembleTest, AnotherEnsembleDoesNotGoOnWithAnOldFile) {
  const std::string command = "seam infer --frames 4 --output " + At("s.csv") + " " +
                              Quoted(DemoClip().string()) + " --model " + At("a.safetensors");
  ASSERT_EQ(RunCommand(command + "," + At("b.safetensors")).status, 0);
  EXPECT_EQ(RunCommand(command + "," + At("b.safetensors") + " --resume").status, 0);
  EXPECT_THAT(RunCommand(command + " --resume").err,
              testing::HasSubstr("was made with another model_sha256"));
}

#ifdef SEAM_HAS_MODELS
TEST_F(EnsembleTest, AFusionThatWasFittedOnVideosScoresThem) {
  for (const char* label : {"real", "fake"}) {
    fs::create_directories(folder_ / label);
    for (int i = 0; i < 2; ++i) {
      MakeVideo(folder_ / label / (std::to_string(i) + ".mp4"),
                "-i " + Quoted(DemoClip().string()) + " -t 0.4 -vf eq=brightness=0." + std::to_string(i) +
                    (label[0] == 'f' ? ",negate=components=u" : ""));
    }
  }
  const CommandResult fit =
      RunCommand("seam evaluate --json --resamples 0 --infer-options '--frames 4' --model " +
                 At("a.safetensors") + " --model " + At("b.safetensors") + " --fit-fusion " +
                 At("fused.safetensors") + " " + At("real") + " " + At("fake"));
  ASSERT_EQ(fit.status, 0) << fit.err;
  const EnsembleFile file(folder_ / "fused.safetensors");
  ASSERT_EQ(file.info().members.size(), 2U);
  EXPECT_EQ(file.info().members[1].name, "b");
  ASSERT_TRUE(file.info().calibration.has_value());
  EXPECT_EQ(file.info().calibration->fake, 2);
  EXPECT_EQ(file.info().threshold, file.info().calibration->threshold_eer);

  const CommandResult infer = RunCommand("seam infer --frames 4 --jsonl " + At("s.jsonl") + " --model " +
                                         At("fused.safetensors") + " " + At("real") + " " + At("fake"));
  ASSERT_EQ(infer.status, 0) << infer.err;
  const auto rows = ReadScoreFile(At("s.jsonl"));
  ASSERT_EQ(rows.size(), 4U);
  for (const ScoreRow& row : rows) {
    double logit = file.info().bias;
    for (std::size_t i = 0; i < 2; ++i)
      logit += file.info().members[i].weight * Logit(*row.networks[i].score);
    EXPECT_NEAR(*row.score, Sigmoid(logit), 1e-9) << row.path;
    EXPECT_EQ(row.threshold, file.info().threshold);
  }
  const CommandResult show = RunCommand("seam models show " + At("fused.safetensors"));
  EXPECT_EQ(show.status, 0) << show.err;
  EXPECT_THAT(show.out, testing::HasSubstr("P(fake) of 2 networks, fused"));
}
#endif

TEST(FilesOfTest, ANameWithCommasIsItselfWhereThereIsSuchAFile) {
  const TemporaryFolder folder;
  const std::string both = (folder / "a,b").string();
  EXPECT_EQ(CollectFiles(both).size(), 2U);
  WriteFile(both, "");
  EXPECT_EQ(CollectFiles(both), std::vector<fs::path>{both});
  EXPECT_EQ(CollectFiles("").size(), 1U);
}

}  // namespace
}  // namespace seam
