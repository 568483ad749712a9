#include "infer/predictor.h"

#include <thread>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

std::vector<cv::Mat> NoisyPictures(int count) {
  std::vector<cv::Mat> pictures;
  cv::RNG random(7);
  for (int i = 0; i < count; ++i) {
    pictures.emplace_back(256, 256, CV_8UC3);
    random.fill(pictures.back(), cv::RNG::UNIFORM, 0, 40 * (i + 1));
  }
  return pictures;
}

TEST(PredictorTest, BatchesDoNotChangeScores) {
  const TemporaryFolder folder;
  const Predictor predictor(MakeCheckpoint(folder / "m.safetensors"), {}, Parts());
  const auto pictures = NoisyPictures(5);
  const std::vector<double> together = predictor.Score(pictures);
  ASSERT_EQ(together.size(), 5U);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    EXPECT_NEAR(predictor.Score({pictures[i]})[0], together[i], 1e-6);
    EXPECT_GT(together[i], 0);
    EXPECT_LT(together[i], 1);
    if (i > 0) {
      EXPECT_NE(together[i], together[i - 1]);
    }
  }
}

TEST(PredictorTest, ManyThreadsScoreAtOnce) {
  const TemporaryFolder folder;
  const Predictor predictor(MakeCheckpoint(folder / "m.safetensors"), {}, Parts());
  const auto pictures = NoisyPictures(4);
  const std::vector<double> expected = predictor.Score(pictures);
  std::vector<std::vector<double>> scores(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : scores) threads.emplace_back([&] { mine = predictor.Score(pictures); });
  }
  for (const auto& mine : scores) EXPECT_EQ(mine, expected);
}

// A score must not depend on which machine took a faster kernel.
TEST(PredictorTest, AutomaticPrecisionIsExactOnACpu) {
  const TemporaryFolder folder;
  const auto file = MakeCheckpoint(folder / "m.safetensors");
  const Predictor exact(file, {.precision = "fp32", .device = "cpu"}, Parts());
  const Predictor automatic(file, {.precision = "auto", .device = "cpu"}, Parts());
  EXPECT_EQ(automatic.description(), exact.description());
}

#ifdef SEAM_ONEDNN
TEST(PredictorTest, WithoutLibTorchThereIsNoGpuAndNothingElseTakesItsPlace) {
  const TemporaryFolder folder;
  const auto file = MakeCheckpoint(folder / "m.safetensors");
  const std::string message = CatchMessage([&] { Predictor(file, {.device = "cuda"}, nullptr); });
  EXPECT_NE(message.find("cuda"), std::string::npos) << message;
}
#endif

TEST(PredictorTest, AMissingCheckpointIsNamed) {
  EXPECT_TRUE(CatchMessage([] { Predictor("/nowhere.safetensors"); }).starts_with("/nowhere.safetensors: "));
}

}  // namespace
}  // namespace seam
