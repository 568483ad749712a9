#include "infer/verdict.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/networks/stored_network.h"
#include "tests/support/support.h"

namespace seam {
namespace {

CheckpointInfo Calibrated() {
  CheckpointInfo info;
  info.threshold = 0.6;
  info.calibration = {.temperature = 2,
                      .threshold_eer = 0.6,
                      .threshold_fpr1 = 0.9,
                      .band_low = 0.5,
                      .band_high = 0.7,
                      .real = 10,
                      .fake = 10};
  return info;
}

VideoSummary WithStatus(const std::string& status) {
  VideoSummary summary;
  summary.status = StatusOf(status);
  return summary;
}

std::string Verdict(const VerdictRule& rule, std::optional<double> score, const std::string& status = "ok") {
  return VerdictOf(rule, WithStatus(status), score);
}

TEST(VerdictTest, IsFakeFromTheThresholdOn) {
  const VerdictRule rule = MakeVerdictRule({}, "");
  EXPECT_EQ(Verdict(rule, 0.5), "fake");
  EXPECT_EQ(Verdict(rule, 0.49), "real");
  EXPECT_EQ(Verdict(rule, 0.49, "damaged"), "real");
}

TEST(VerdictTest, IsUncertainInTheBandOfTheCheckpoint) {
  const VerdictRule rule = MakeVerdictRule(Calibrated(), "");
  EXPECT_EQ(Verdict(rule, 0.49), "real");
  EXPECT_EQ(Verdict(rule, 0.5), "uncertain");
  EXPECT_EQ(Verdict(rule, 0.69), "uncertain");
  EXPECT_EQ(Verdict(rule, 0.7), "fake");
}

TEST(VerdictTest, ANumberLeavesNoRoomForUncertain) {
  const VerdictRule rule = MakeVerdictRule(Calibrated(), "0.55");
  EXPECT_EQ(Verdict(rule, 0.54), "real");
  EXPECT_EQ(Verdict(rule, 0.55), "fake");
}

TEST(VerdictTest, AThresholdOutsideOfTheBandDropsIt) {
  const VerdictRule rule = MakeVerdictRule(Calibrated(), "fpr1");
  EXPECT_EQ(rule.threshold, 0.9);
  EXPECT_EQ(Verdict(rule, 0.6), "real");
  EXPECT_TRUE(MakeVerdictRule(Calibrated(), "eer").HasBand());
}

TEST(VerdictTest, AFailureIsNeverAScore) {
  const VerdictRule rule = MakeVerdictRule(Calibrated(), "");
  for (const char* status : {"no_face", "no_window"}) EXPECT_EQ(Verdict(rule, {}, status), "no_face");
  for (const char* status : {"unreadable", "damaged", "too_short", "timeout"})
    EXPECT_EQ(Verdict(rule, {}, status), "error");
  EXPECT_FALSE(ProbabilityOf(rule, {}).has_value());
}

TEST(ProbabilityTest, IsTheScoreAtTheTemperatureOfTheCheckpoint) {
  const VerdictRule rule = MakeVerdictRule(Calibrated(), "");
  EXPECT_NEAR(*ProbabilityOf(rule, 0.9), 0.75, 1e-12);  // odds 9 become sqrt(9) = 3
  EXPECT_NEAR(*ProbabilityOf(rule, 0.5), 0.5, 1e-12);
  EXPECT_TRUE(std::isfinite(*ProbabilityOf(rule, 1)));
  EXPECT_FALSE(ProbabilityOf(MakeVerdictRule({}, ""), 0.9).has_value());
}

TEST(VerdictRuleTest, WrongThresholdsAreNamed) {
  EXPECT_EQ(MessageOf([] { MakeVerdictRule({}, "eer"); }),
            "--threshold eer: the checkpoint was not calibrated");
  EXPECT_EQ(MessageOf([] { MakeVerdictRule({}, "2"); }), "--threshold: must be from 0 to 1");
  EXPECT_EQ(MessageOf([] { MakeVerdictRule({}, "half"); }),
            "--threshold: 'half' is not a number from 0 to 1, eer or fpr1");
}

}  // namespace
}  // namespace seam
