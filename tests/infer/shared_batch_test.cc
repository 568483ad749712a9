#include "infer/shared_batch.h"

#include <thread>

#include <gtest/gtest.h>

#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class SharedBatchTest : public ::testing::Test {
 protected:
  static cv::Mat Picture(int shade) { return {256, 256, CV_8UC3, cv::Scalar(shade, 255 - shade, shade / 2)}; }
  using Scores = SharedBatch::Scores;

  TemporaryFolder folder_;
  std::shared_ptr<const Predictor> predictor_ =
      std::make_shared<const Predictor>(MakeCheckpoint(folder_ / "m.safetensors"), CompileOptions{}, Parts());
  Ensemble ensemble_{predictor_};
};

TEST_F(SharedBatchTest, VideosThatShareBatchesGetTheirOwnScores) {
  SharedBatch batch(ensemble_, 3);
  const auto a = std::make_shared<Scores>(), b = std::make_shared<Scores>();
  for (int i = 0; i < 4; ++i) {
    batch.Add({{Picture(10 * i)}}, a);
    batch.Add({{Picture(200 - 10 * i)}}, b);
  }
  batch.Wait(a);
  batch.Wait(b);
  for (int i = 0; i < 4; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(a->values.at(at).score, predictor_->Score(std::vector<cv::Mat>{Picture(10 * i)})[0]);
    EXPECT_EQ(b->values.at(at).score, predictor_->Score(std::vector<cv::Mat>{Picture(200 - 10 * i)})[0]);
  }
}

TEST_F(SharedBatchTest, AVideoAloneWaitsForNobodyToFillItsBatch) {
  SharedBatch batch(ensemble_, 1000);
  const auto scores = std::make_shared<Scores>();
  batch.Add({{Picture(1)}}, scores);
  batch.Wait(scores);
  EXPECT_EQ(scores->missing, 0U);
}

TEST_F(SharedBatchTest, AVideoWithoutClipsHasNothingToWaitFor) {
  SharedBatch batch(ensemble_, 4);
  const auto scores = std::make_shared<Scores>();
  batch.Wait(scores);
  EXPECT_TRUE(scores->values.empty());
}

TEST_F(SharedBatchTest, ManyThreadsFillAndFlushAtOnce) {
  SharedBatch batch(ensemble_, 5);
  std::vector<std::shared_ptr<Scores>> all(6);
  {
    std::vector<std::jthread> threads;
    for (auto& scores : all) {
      scores = std::make_shared<Scores>();
      threads.emplace_back([&batch, &scores] {
        for (int i = 0; i < 7; ++i) batch.Add({{Picture(i)}}, scores);
        batch.Wait(scores);
      });
    }
  }
  for (const auto& scores : all) {
    ASSERT_EQ(scores->values.size(), 7U);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(scores->values[i].score, all[0]->values[i].score);
  }
  EXPECT_EQ(all[0]->missing, 0U);
}

TEST_F(SharedBatchTest, WhatFailsInAnothersThreadIsToldToAllInTheBatch) {
  SharedBatch batch(ensemble_, 2);
  const auto good = std::make_shared<Scores>(), bad = std::make_shared<Scores>();
  batch.Add({{Picture(1)}}, good);
  EXPECT_ANY_THROW(batch.Add(ClipViews{}, bad));  // a clip without pictures
  EXPECT_ANY_THROW(batch.Wait(good));
}

}  // namespace
}  // namespace seam
