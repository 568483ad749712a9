#include "scores/verdict.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

VerdictRule Calibrated(const std::string& threshold = "") {
  return MakeVerdictRule(0.6,
                         Calibration{.temperature = 2,
                                     .threshold_eer = 0.6,
                                     .threshold_fpr1 = 0.9,
                                     .band_low = 0.5,
                                     .band_high = 0.7,
                                     .real = 10,
                                     .fake = 10},
                         threshold);
}

// A video of so many frames, with a person for each list of frames' scores; faces of 100 pixels.
ScoreRow Video(int frames, const std::vector<std::vector<double>>& people, Status status = Status::kOk) {
  ScoreRow row;
  row.status = status;
  row.frames = frames;
  for (std::size_t person = 0; person < people.size(); ++person) {
    for (std::size_t i = 0; i < people[person].size(); ++i) {
      const SeenFace face{static_cast<std::int64_t>(i), 0, {0, 0, 100, 120}, false};
      row.people[static_cast<int>(person)].clips.push_back({{face}, people[person][i]});
    }
  }
  return row;
}

ScoreRow Judged(ScoreRow row, const VerdictRule& rule = MakeVerdictRule(0.5, {})) {
  Judge(rule, AggregateOptions{}, &row);
  return row;
}

std::string Verdict(const VerdictRule& rule, double score) {
  return std::string(GetName(DecideVerdict(rule, score)));
}

TEST(JudgeTest, ARowIsWholeAfterwards) {
  const ScoreRow row = Judged(Video(4, {{0.9, 0.9, 0.9, 0.9}, {0.1, 0.2, 0.3}}), Calibrated());
  EXPECT_DOUBLE_EQ(*row.score, 0.9);
  EXPECT_NEAR(*row.probability, 0.75, 1e-12);
  EXPECT_EQ(row.threshold, 0.6);
  EXPECT_EQ(row.verdict, Verdict::kFake);
  EXPECT_EQ(row.aggregate, "mean");
  EXPECT_DOUBLE_EQ(row.people.at(1).score, 0.2);
  EXPECT_EQ(ListReasons(row), "");
}

TEST(JudgeTest, APersonSeenInOneOfManyFramesDecidesNothing) {
  const ScoreRow once = Judged(Video(32, {{0.99}}));
  EXPECT_EQ(once.verdict, Verdict::kUncertain);
  EXPECT_EQ(ListReasons(once), "seen in 1 of 32 frames");
  EXPECT_EQ(DecideVerdict(MakeVerdictRule(0.5, {}), once, once.people.at(0)), Verdict::kUncertain);
  EXPECT_EQ(Judged(Video(32, {{0.01}})).verdict, Verdict::kUncertain) << "nor is it real";
  EXPECT_EQ(ListReasons(Judged(Video(3, {{0.9}, {0.8, 0.8}}))), "seen in 2 of 3 frames");
  EXPECT_EQ(Judged(Video(32, {{0.99, 0.99, 0.99}})).verdict, Verdict::kFake);
}

TEST(JudgeTest, StillsAndVeryShortVideosAreDecidedByWhoIsThere) {
  EXPECT_EQ(Judged(Video(1, {{0.99}})).verdict, Verdict::kFake);
  EXPECT_EQ(Judged(Video(2, {{0.99}, {0.1, 0.2}})).verdict, Verdict::kReal);
  EXPECT_EQ(ListReasons(Judged(Video(2, {{0.99}}))), "");
}

TEST(JudgeTest, AVerySmallFaceIsTold) {
  ScoreRow row = Video(3, {{0.9, 0.9, 0.9}, {0.1, 0.1, 0.1}});
  for (ClipScore& clip : row.people[0].clips) clip.faces[0].box = {0, 0, 24.4F, 30};
  row.reason = "damaged packets: 3";
  row = Judged(row);
  EXPECT_EQ(ListReasons(row), "damaged packets: 3; the face is very small: 24 pixels");
  EXPECT_EQ(row.verdict, Verdict::kFake);
  ScoreRow other = Video(3, {{0.9, 0.9, 0.9}, {0.1, 0.1, 0.1}});
  for (ClipScore& clip : other.people[1].clips) clip.faces[0].box = {0, 0, 24, 30};
  EXPECT_EQ(ListReasons(Judged(other)), "") << "somebody else decided";
}

TEST(JudgeTest, AFailureIsNeverAScore) {
  for (const Status status : {Status::kNoFace, Status::kNoWindow})
    EXPECT_EQ(Judged(Video(4, {}, status)).verdict, Verdict::kNoFace);
  for (const Status status : {Status::kUnreadable, Status::kDamaged, Status::kTooShort, Status::kTimeout,
                              Status::kCrashed, Status::kNoClip}) {
    const ScoreRow row = Judged(Video(4, {}, status), Calibrated());
    EXPECT_EQ(row.verdict, Verdict::kError);
    EXPECT_FALSE(row.score || row.probability);
  }
}

TEST(VerdictTest, IsFakeFromTheThresholdOn) {
  const VerdictRule rule = MakeVerdictRule(0.5, {});
  EXPECT_EQ(Verdict(rule, 0.5), "fake");
  EXPECT_EQ(Verdict(rule, 0.49), "real");
}

TEST(VerdictTest, IsUncertainInTheBandOfTheCheckpoint) {
  const VerdictRule rule = Calibrated();
  EXPECT_EQ(Verdict(rule, 0.49), "real");
  EXPECT_EQ(Verdict(rule, 0.5), "uncertain");
  EXPECT_EQ(Verdict(rule, 0.69), "uncertain");
  EXPECT_EQ(Verdict(rule, 0.7), "fake");
}

TEST(VerdictTest, ANumberLeavesNoRoomForUncertain) {
  const VerdictRule rule = Calibrated("0.55");
  EXPECT_EQ(Verdict(rule, 0.54), "real");
  EXPECT_EQ(Verdict(rule, 0.55), "fake");
}

TEST(VerdictTest, AThresholdOutsideOfTheBandDropsIt) {
  const VerdictRule rule = Calibrated("fpr1");
  EXPECT_EQ(rule.threshold, 0.9);
  EXPECT_EQ(Verdict(rule, 0.6), "real");
  EXPECT_TRUE(Calibrated("eer").HasBand());
}

TEST(ProbabilityTest, IsTheScoreAtTheTemperatureOfTheCheckpoint) {
  const VerdictRule rule = Calibrated();
  EXPECT_NEAR(*ToProbability(rule, 0.9), 0.75, 1e-12);  // odds 9 become sqrt(9) = 3
  EXPECT_NEAR(*ToProbability(rule, 0.5), 0.5, 1e-12);
  EXPECT_TRUE(std::isfinite(*ToProbability(rule, 1)));
  EXPECT_FALSE(ToProbability(MakeVerdictRule(0.5, {}), 0.9).has_value());
}

TEST(VerdictRuleTest, WrongThresholdsAreNamed) {
  EXPECT_EQ(CatchMessage([] { MakeVerdictRule(0.5, {}, "eer"); }),
            "--threshold eer: the checkpoint was not calibrated");
  EXPECT_EQ(CatchMessage([] { MakeVerdictRule(0.5, {}, "2"); }), "--threshold: must be from 0 to 1");
  EXPECT_EQ(CatchMessage([] { MakeVerdictRule(0.5, {}, "half"); }),
            "--threshold: 'half' is not a number from 0 to 1, eer or fpr1");
}

}  // namespace
}  // namespace seam
