#include "scores/aggregate.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

// A person whose clips of `frames` frames have these scores.
TrackScore Person(const std::vector<double>& scores, std::size_t frames = 1) {
  TrackScore track;
  std::int64_t index = 0;
  for (const double score : scores) {
    ClipScore& clip = track.clips.emplace_back();
    clip.score = score;
    for (std::size_t i = 0; i < frames; ++i) clip.faces.push_back({.index = index++});
  }
  return track;
}

double Of(const std::string& name, const std::vector<double>& scores, int top_k = 2) {
  AggregateOptions options;
  options.aggregate = name;
  options.top_k = top_k;
  return Aggregate(scores, options);
}

TEST(AggregateTest, IsWhatItsNameSays) {
  const std::vector<double> scores = {0.9, 0.1, 0.4, 0.2};
  EXPECT_DOUBLE_EQ(Of("mean", scores), 0.4);
  EXPECT_DOUBLE_EQ(Of("median", scores), 0.3);
  EXPECT_DOUBLE_EQ(Of("median", {0.9, 0.1, 0.4}), 0.4);
  EXPECT_DOUBLE_EQ(Of("top-k", scores), 0.65);
  EXPECT_DOUBLE_EQ(Of("top-k", {0.3}), 0.3);
  EXPECT_DOUBLE_EQ(Of("max", scores), 0.9);
}

TEST(ScoreTracksTest, TheMostSuspiciousPersonDecides) {
  TrackScores tracks = {{0, Person({0.1, 0.2, 0.3})}, {4, Person({0.7, 0.9, 0.8})}};
  EXPECT_DOUBLE_EQ(*ScoreTracks({}, &tracks), 0.8);
  EXPECT_DOUBLE_EQ(tracks[0].score, 0.2);
  EXPECT_TRUE(tracks[0].counts);
}

TEST(ScoreTracksTest, APersonSeenShortlyIsReportedButDoesNotCount) {
  TrackScores tracks = {{0, Person({0.1, 0.2, 0.3})}, {1, Person({0.99, 0.99})}};
  EXPECT_DOUBLE_EQ(*ScoreTracks({}, &tracks), 0.2);
  EXPECT_FALSE(tracks[1].counts);
  EXPECT_DOUBLE_EQ(tracks[1].score, 0.99);
}

TEST(ScoreTracksTest, WhereNobodyIsSeenLongThoseSeenLongestCount) {
  TrackScores tracks = {{0, Person({0.4})}, {1, Person({0.6, 0.8})}};
  EXPECT_DOUBLE_EQ(*ScoreTracks({}, &tracks), 0.7);
}

TEST(ScoreTracksTest, FramesOfWindowsAreCountedNotWindows) {
  TrackScores tracks = {{0, Person({0.2, 0.2, 0.2}, 8)}, {1, Person({0.9}, 8)}};
  EXPECT_DOUBLE_EQ(*ScoreTracks({}, &tracks), 0.9);
}

TEST(ScoreTracksTest, AFrameThatWindowsShareIsOneFrame) {
  TrackScore twice = Person({0.9}, 2);
  twice.clips.push_back({{{.index = 1}, {.index = 0}}, 0.9});
  TrackScores tracks = {{0, twice}, {1, Person({0.1, 0.1, 0.1})}};
  EXPECT_EQ(tracks[0].frames(), 2);
  EXPECT_DOUBLE_EQ(*ScoreTracks({}, &tracks), 0.1);
}

TEST(ScoreTracksTest, NobodyHasNoScore) {
  TrackScores tracks;
  EXPECT_FALSE(ScoreTracks({}, &tracks).has_value());
}

TEST(AggregateOptionsTest, WrongNumbersAreUsageErrors) {
  AggregateOptions options;
  options.top_k = 0;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--top-k: must be at least 1, not 0");
  options.top_k = 1;
  options.min_track = 0;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--min-track: must be at least 1, not 0");
}

}  // namespace
}  // namespace seam
