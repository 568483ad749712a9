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

TEST(ScheduleTest, LinearFallsInALine) {
  ScheduleOptions options{.lr = 0.1, .schedule = "linear", .warmup = 0.2};
  EXPECT_DOUBLE_EQ(LearningRate(options, 0, 10), 0.05);
  EXPECT_DOUBLE_EQ(LearningRate(options, 1, 10), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(options, 2, 10), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(options, 6, 10), 0.05);
  EXPECT_DOUBLE_EQ(LearningRate(options, 9, 10), 0.0125);
}

TEST(ScheduleTest, PlateauFallsAfterEpochsWithoutALowerLoss) {
  const ScheduleOptions options{
      .lr = 0.8, .schedule = "plateau", .warmup = 0, .plateau_factor = 0.5, .plateau_patience = 2};
  const auto rate = [&](const std::vector<double>& losses) { return LearningRate(options, 50, 100, losses); };
  EXPECT_DOUBLE_EQ(rate({}), 0.8);
  EXPECT_DOUBLE_EQ(rate({0.7, 0.6, 0.5}), 0.8);
  EXPECT_DOUBLE_EQ(rate({0.7, 0.5, 0.6}), 0.8);            // one epoch
  EXPECT_DOUBLE_EQ(rate({0.7, 0.5, 0.6, 0.5}), 0.4);       // two: as low is not lower
  EXPECT_DOUBLE_EQ(rate({0.7, 0.5, 0.6, 0.5, 0.6}), 0.4);  // the count has begun anew
  EXPECT_DOUBLE_EQ(rate({0.7, 0.5, 0.6, 0.5, 0.6, 0.6}), 0.2);
  EXPECT_DOUBLE_EQ(rate({0.7, 0.5, 0.6, 0.5, 0.4, 0.6}), 0.4);
}

TEST(ScheduleTest, StepFallsAfterEverySoManyEpochs) {
  const ScheduleOptions options{
      .lr = 0.8, .schedule = "step", .warmup = 0, .step_factor = 0.5, .step_epochs = 2};
  const auto rate = [&](std::size_t epochs) {
    return LearningRate(options, 50, 100, std::vector<double>(epochs, 0.1));
  };
  EXPECT_DOUBLE_EQ(rate(0), 0.8);
  EXPECT_DOUBLE_EQ(rate(1), 0.8);
  EXPECT_DOUBLE_EQ(rate(2), 0.4);
  EXPECT_DOUBLE_EQ(rate(3), 0.4);
  EXPECT_DOUBLE_EQ(rate(4), 0.2);
}

TEST(ScheduleTest, OthersDoNotLookAtLosses) {
  for (const std::string name : {"cosine", "linear", "constant"}) {
    const ScheduleOptions options{.schedule = name, .plateau_patience = 1};
    EXPECT_EQ(LearningRate(options, 50, 100, {1, 2, 3}), LearningRate(options, 50, 100)) << name;
  }
}

}  // namespace
}  // namespace seam
