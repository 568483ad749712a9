#include "infer/aggregate.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

std::vector<FrameScore> Frames(const std::vector<double>& scores) {
  std::vector<FrameScore> frames;
  for (const double score : scores) frames.push_back({{}, {}, score});
  return frames;
}

TEST(VideoScoreTest, IsTheMostSuspiciousPersonsMean) {
  const TrackScores tracks = {{0, Frames({0.1, 0.2, 0.3})}, {1, Frames({0.5, 0.9, 0.7})}};
  EXPECT_DOUBLE_EQ(*VideoScore(tracks, 3), 0.7);
}

TEST(VideoScoreTest, AFaceSeenForAMomentDoesNotCount) {
  const TrackScores tracks = {{0, Frames({0.1, 0.2, 0.3})}, {1, Frames({0.99, 0.99})}};
  EXPECT_DOUBLE_EQ(*VideoScore(tracks, 3), 0.2);
  EXPECT_DOUBLE_EQ(*VideoScore(tracks, 2), 0.99);
}

TEST(VideoScoreTest, WhereAllAreShortTheLongestCount) {
  EXPECT_DOUBLE_EQ(*VideoScore({{0, Frames({0.4})}}, 3), 0.4);
  EXPECT_DOUBLE_EQ(*VideoScore({{0, Frames({0.4, 0.6})}, {1, Frames({0.9})}}, 3), 0.5);
}

TEST(VideoScoreTest, WithoutAFaceThereIsNone) { EXPECT_FALSE(VideoScore({}, 3).has_value()); }

TEST(VerdictTest, IsFakeFromTheThresholdOn) {
  VideoSummary summary;
  summary.status = "ok";
  EXPECT_EQ(VerdictOf(summary, 0.5, 0.5), "fake");
  EXPECT_EQ(VerdictOf(summary, 0.49, 0.5), "real");
  summary.status = "damaged";
  EXPECT_EQ(VerdictOf(summary, 0.49, 0.5), "real");
}

TEST(VerdictTest, AFailureIsNeverAScore) {
  VideoSummary summary;
  summary.status = "no_face";
  EXPECT_EQ(VerdictOf(summary, std::nullopt, 0.5), "no_face");
  for (const char* status : {"unreadable", "damaged"}) {
    summary.status = status;
    EXPECT_EQ(VerdictOf(summary, std::nullopt, 0.5), "error");
  }
}

}  // namespace
}  // namespace seam
