#include "evaluate/video_score.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

TEST(VideoScoreTest, IsTheMostSuspiciousPersonsMean) {
  EXPECT_DOUBLE_EQ(*VideoScore({{0.1, 0.2, 0.3}, {0.5, 0.9, 0.7}}, 3), 0.7);
}

TEST(VideoScoreTest, AFaceSeenForAMomentDoesNotCount) {
  EXPECT_DOUBLE_EQ(*VideoScore({{0.1, 0.2, 0.3}, {0.99, 0.99}}, 3), 0.2);
  EXPECT_DOUBLE_EQ(*VideoScore({{0.1, 0.2, 0.3}, {0.99, 0.99}}, 2), 0.99);
}

TEST(VideoScoreTest, WhereAllAreShortTheLongestCount) {
  EXPECT_DOUBLE_EQ(*VideoScore({{0.4}}, 3), 0.4);
  EXPECT_DOUBLE_EQ(*VideoScore({{0.4, 0.6}, {0.9}}, 3), 0.5);
}

TEST(VideoScoreTest, WithoutAFaceThereIsNone) { EXPECT_FALSE(VideoScore({}, 3).has_value()); }

}  // namespace
}  // namespace seam
