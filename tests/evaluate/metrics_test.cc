#include "evaluate/metrics.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Scores = std::vector<double>;
using Labels = std::vector<int>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(MetricsTest, EqualScikitLearnOnTiesAndImbalance) {
  SEAM_NEEDS_SHARED("fixtures/metrics_golden.json");
  const auto golden = nlohmann::json::parse(ReadFile(SharedPath("fixtures/metrics_golden.json")));
  ASSERT_EQ(golden["cases"].size(), 4U);
  for (const auto& one : golden["cases"]) {
    const auto scores = one["scores"].get<Scores>();
    const auto labels = one["labels"].get<Labels>();
    const auto count = [&](const char* key) { return one["at_0_5"][key].get<double>(); };
    const Confusion confusion = ConfusionAt({scores, labels}, 0.5);
    EXPECT_EQ(confusion.true_positives, count("tp"));
    EXPECT_EQ(confusion.false_positives, count("fp"));
    EXPECT_EQ(confusion.true_negatives, count("tn"));
    EXPECT_EQ(confusion.false_negatives, count("fn"));
    EXPECT_NEAR(F1Score({scores, labels}, 0.5), count("f1"), 1e-12);
    EXPECT_NEAR(BrierScore({scores, labels}), one["brier"].get<double>(), 1e-12);
    const double right = one["at_0_5"]["tp"].get<double>() + one["at_0_5"]["tn"].get<double>();
    EXPECT_NEAR(RocAuc({scores, labels}), one["auc"].get<double>(), 1e-12);
    EXPECT_NEAR(AveragePrecision({scores, labels}), one["average_precision"].get<double>(), 1e-12);
    EXPECT_NEAR(EqualErrorRate({scores, labels}), one["eer_interpolated"].get<double>(), 1e-12);
    EXPECT_NEAR(LogLoss({scores, labels}), one["log_loss"].get<double>(), 1e-12);
    EXPECT_NEAR(Accuracy({scores, labels}, 0.5), right / static_cast<double>(scores.size()), 1e-12);
  }
}

// Fakes .9 .6 .4, reals .6 .5 .1. Of the 9 pairs 6 are in order and 1 is even: (6 + .5) / 9. Thresholds down:
// .9 (1 fake of 1), .6 (2 of 3), .5 (2 of 4), .4 (3 of 5), .1 (3 of 6). The ROC goes (1/3, 2/3), (2/3, 2/3):
// fpr = 1/3 = 1 - tpr.
TEST(MetricsTest, AreRightOnAnExampleWorkedByHand) {
  const Scores scores = {0.9, 0.6, 0.4, 0.6, 0.5, 0.1};
  const Labels labels = {1, 1, 1, 0, 0, 0};
  EXPECT_NEAR(RocAuc({scores, labels}), 6.5 / 9, 1e-15);
  EXPECT_NEAR(AveragePrecision({scores, labels}), (1 + 2.0 / 3 + 3.0 / 5) / 3, 1e-15);
  EXPECT_NEAR(EqualErrorRate({scores, labels}), 1.0 / 3, 1e-15);
  EXPECT_NEAR(LogLoss({scores, labels}), -std::log(0.9 * 0.6 * 0.4 * 0.4 * 0.5 * 0.9) / 6, 1e-15);
  EXPECT_NEAR(Accuracy({scores, labels}, 0.5), 3.0 / 6,
              1e-15);  // .9, .6 and .1; the real at .5 is called fake
  EXPECT_NEAR(Accuracy({scores, labels}, 0.55), 4.0 / 6, 1e-15);
}

// As above: with no false positive .9 alone is reached; one of three reals may be called fake from .6 on.
TEST(MetricsTest, TprAtFprTakesTheBestStepThatKeepsTheRate) {
  const RankedScores scores(Scores{0.9, 0.6, 0.4, 0.6, 0.5, 0.1}, Labels{1, 1, 1, 0, 0, 0});
  EXPECT_NEAR(TprAtFpr(scores, 0.01), 1.0 / 3, 1e-15);
  EXPECT_NEAR(TprAtFpr(scores, 0.34), 2.0 / 3, 1e-15);
  EXPECT_EQ(TprAtFpr(scores, 1), 1);
}

// Two bins: .05 and .09 (one fake of two), .85 (a fake); distances .5 - .07 and 1 - .85.
TEST(MetricsTest, CalibrationErrorWeighsTheBins) {
  const RankedScores scores(Scores{0.05, 0.09, 0.85}, Labels{1, 0, 1});
  EXPECT_NEAR(ExpectedCalibrationError(scores), (2 * 0.43 + 0.15) / 3, 1e-15);
  EXPECT_EQ(CalibrationBins({Scores{1}, Labels{1}}).back().weight, 1);  // 1 belongs to the last bin
}

TEST(MetricsTest, PrecisionAndRecallWithoutAnyCalledFakeAreZero) {
  const RankedScores scores(Scores{0.1, 0.2}, Labels{1, 0});
  EXPECT_EQ(Precision(scores, 0.5), 0);
  EXPECT_EQ(Recall(scores, 0.5), 0);
  EXPECT_EQ(F1Score(scores, 0.5), 0);
}

TEST(MetricsTest, ThresholdsStandBetweenScores) {
  const RankedScores scores(Scores{0.9, 0.8, 0.6, 0.3, 0.2}, Labels{1, 1, 0, 1, 0});
  EXPECT_NEAR(ThresholdOfYouden(scores), 0.7, 1e-15);
  EXPECT_NEAR(ThresholdAtFpr(scores, 0.01), 0.7, 1e-15);
  EXPECT_NEAR(ThresholdAtFpr(scores, 0.5), 0.25, 1e-15);
  // At .7 a third of the fakes is missed and no real called fake; at .45 a third and a half.
  EXPECT_NEAR(ThresholdOfEqualErrorRate(scores), 0.45, 1e-15);
}

TEST(MetricsTest, AWeightCountsAsSoManyScores) {
  RankedScores weighted(Scores{0.9, 0.6, 0.4, 0.6, 0.1}, Labels{1, 1, 1, 0, 0});
  weighted.SetWeights(Scores{2, 0, 1, 3, 1});
  const RankedScores repeated(Scores{0.9, 0.9, 0.4, 0.6, 0.6, 0.6, 0.1}, Labels{1, 1, 1, 0, 0, 0, 0});
  EXPECT_NEAR(RocAuc(weighted), RocAuc(repeated), 1e-15);
  EXPECT_NEAR(AveragePrecision(weighted), AveragePrecision(repeated), 1e-15);
  EXPECT_NEAR(EqualErrorRate(weighted), EqualErrorRate(repeated), 1e-15);
  EXPECT_NEAR(LogLoss(weighted), LogLoss(repeated), 1e-15);
  EXPECT_NEAR(F1Score(weighted, 0.5), F1Score(repeated, 0.5), 1e-15);
  EXPECT_NEAR(ExpectedCalibrationError(weighted), ExpectedCalibrationError(repeated), 1e-15);
}

// One step from (0, 0) to (1/2, 1), another to (1, 1): the first crosses fpr = 1 - tpr at fpr 1/3.
TEST(MetricsTest, EqualErrorRateLiesBetweenThePoints) {
  EXPECT_NEAR(EqualErrorRate({Scores{0.8, 0.8, 0.2}, Labels{1, 0, 0}}), 1.0 / 3, 1e-15);
}

TEST(MetricsTest, ASeparatedSetIsPerfectAndAReversedOneIsNot) {
  const Scores scores = {0.9, 0.8, 0.2, 0.1};
  EXPECT_EQ(RocAuc({scores, Labels{1, 1, 0, 0}}), 1);
  EXPECT_EQ(AveragePrecision({scores, Labels{1, 1, 0, 0}}), 1);
  EXPECT_EQ(EqualErrorRate({scores, Labels{1, 1, 0, 0}}), 0);
  EXPECT_EQ(RocAuc({scores, Labels{0, 0, 1, 1}}), 0);
  EXPECT_EQ(EqualErrorRate({scores, Labels{0, 0, 1, 1}}), 1);
}

TEST(MetricsTest, EqualScoresAreChance) {
  EXPECT_EQ(RocAuc({Scores(5, 0.5), Labels{1, 0, 0, 1, 1}}), 0.5);
  EXPECT_EQ(EqualErrorRate({Scores(5, 0.5), Labels{1, 0, 0, 1, 1}}), 0.5);
  EXPECT_NEAR(AveragePrecision({Scores(5, 0.5), Labels{1, 0, 0, 1, 1}}), 0.6, 1e-15);
}

TEST(MetricsTest, LogLossOfACertainMistakeIsFinite) {
  EXPECT_NEAR(LogLoss({Scores{1, 0}, Labels{0, 1}}), -std::log(std::numeric_limits<double>::epsilon()),
              1e-12);
  EXPECT_NEAR(LogLoss({Scores{1, 0}, Labels{1, 0}}), 0, 1e-15);
}

TEST(MetricsTest, AMissingClassIsNan) {
  for (const int label : {0, 1}) {
    const Labels labels(3, label);
    const Scores scores = {0.1, 0.2, 0.3};
    EXPECT_TRUE(std::isnan(RocAuc({scores, labels})));
    EXPECT_TRUE(std::isnan(AveragePrecision({scores, labels})));
    EXPECT_TRUE(std::isnan(EqualErrorRate({scores, labels})));
    EXPECT_FALSE(std::isnan(LogLoss({scores, labels})));
    EXPECT_FALSE(std::isnan(Accuracy({scores, labels}, 0.5)));
  }
}

TEST(MetricsTest, NoScoresAndNanScoresAreNan) {
  for (const auto& scores : {Scores{}, Scores{0.1, kNan, 0.3}}) {
    const auto labels = scores.empty() ? Labels{} : Labels{1, 0, 1};
    EXPECT_TRUE(std::isnan(RocAuc({scores, labels})));
    EXPECT_TRUE(std::isnan(AveragePrecision({scores, labels})));
    EXPECT_TRUE(std::isnan(EqualErrorRate({scores, labels})));
    EXPECT_TRUE(std::isnan(LogLoss({scores, labels})));
    EXPECT_TRUE(std::isnan(Accuracy({scores, labels}, 0.5)));
  }
}

TEST(MetricsTest, AMillionScoresAreNoQuadraticWork) {
  Scores scores;
  Labels labels;
  for (int i = 0; i < 1'000'000; ++i) {
    scores.push_back(i % 1009 / 1009.0);
    labels.push_back(i % 1009 > i % 1013 ? 1 : 0);
  }
  const double auc = RocAuc({scores, labels});
  EXPECT_GT(auc, 0.5);
  EXPECT_LE(auc, 1);
}

}  // namespace
}  // namespace seam
