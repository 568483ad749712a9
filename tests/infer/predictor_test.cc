#include "infer/predictor.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "infer/torch_parts.h"
#include "tests/infer/checkpoint.h"
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
  const Predictor predictor(MakeCheckpoint(folder / "m.safetensors"), {}, &LinkedTorchParts());
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
  const Predictor predictor(MakeCheckpoint(folder / "m.safetensors"), {}, &LinkedTorchParts());
  const auto pictures = NoisyPictures(4);
  const std::vector<double> expected = predictor.Score(pictures);
  std::vector<std::vector<double>> scores(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : scores) threads.emplace_back([&] { mine = predictor.Score(pictures); });
  }
  for (const auto& mine : scores) EXPECT_EQ(mine, expected);
}

// Seam's own network on photographs of both classes.
TEST(PredictorTest, AutomaticPrecisionMovesScoresByAtMostAHundredth) {
  SEAM_NEEDS_SHARED("data/faces/val");
  const Predictor exact("", {.precision = "fp32", .device = "cpu"}, &LinkedTorchParts());
  const Predictor automatic("", {.precision = "auto", .device = "cpu"}, &LinkedTorchParts());
  const int side = static_cast<int>(exact.info().crop.size());
  std::vector<cv::Mat> pictures;
  for (const char* folder : {"data/faces/val/real", "data/faces/val/fake"}) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(SharedPath(folder))) files.push_back(entry);
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i < files.size() && i < 100; ++i) {
      cv::Mat& picture = pictures.emplace_back(cv::imread(files[i].string()));
      ASSERT_EQ(picture.size(), cv::Size(256, 256));
      cv::resize(picture, picture, {side, side}, 0, 0, cv::INTER_AREA);
      cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
    }
  }
  ASSERT_FALSE(pictures.empty());
  const std::vector<double> expected = exact.Score(pictures), found = automatic.Score(pictures);
  double greatest = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    greatest = std::max(greatest, std::abs(found[i] - expected[i]));
  EXPECT_LE(greatest, 0.01) << automatic.description();
}

TEST(PredictorTest, AMissingCheckpointIsNamed) {
  EXPECT_TRUE(MessageOf([] { Predictor("/nowhere.safetensors"); }).starts_with("/nowhere.safetensors: "));
}

}  // namespace
}  // namespace seam
