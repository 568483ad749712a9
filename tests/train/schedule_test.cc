#include "train/schedule.h"

#include "tests/support/support.h"

namespace seam {
namespace {

TEST(ScheduleTest, RisesThenFallsToNothing) {
  ScheduleOptions options{.lr = 0.1, .schedule = "cosine", .warmup = 0.1};
  EXPECT_DOUBLE_EQ(LearningRate(options, 0, 100), 0.01);
  EXPECT_DOUBLE_EQ(LearningRate(options, 4, 100), 0.05);
  EXPECT_DOUBLE_EQ(LearningRate(options, 9, 100), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(options, 10, 100), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(options, 55, 100), 0.05);
  EXPECT_GT(LearningRate(options, 99, 100), 0);
  EXPECT_LT(LearningRate(options, 99, 100), 1e-4);
}

TEST(ScheduleTest, ConstantStaysAfterTheWarmUp) {
  ScheduleOptions options{.lr = 0.1, .schedule = "constant", .warmup = 0.02};
  EXPECT_DOUBLE_EQ(LearningRate(options, 0, 100), 0.05);
  EXPECT_DOUBLE_EQ(LearningRate(options, 2, 100), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(options, 99, 100), 0.1);
}

TEST(ScheduleTest, WarmUpMayBeNothingOrEverything) {
  EXPECT_DOUBLE_EQ(LearningRate({.lr = 0.1, .schedule = "cosine", .warmup = 0}, 0, 10), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate({.lr = 0.1, .schedule = "cosine", .warmup = 1}, 9, 10), 0.1);
}

}  // namespace
}  // namespace seam
