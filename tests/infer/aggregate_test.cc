#include "infer/aggregate.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

// A person whose clips of `frames` frames have these scores.
TrackScore Person(const std::vector<double>& scores, std::size_t frames = 1) {
  TrackScore track;
  for (const double score : scores) track.clips.push_back({std::vector<SeenFace>(frames), score});
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

TEST(ScoreTracksTest, WithTheMeanOfFramesItIsTheScoreThatThresholdsAreFor) {
  const std::vector<std::vector<double>> people = {{0.3, 0.1, 0.7}, {0.95, 0.2}, {0.5, 0.6, 0.1, 0.9}};
  TrackScores tracks;
  for (std::size_t i = 0; i < people.size(); ++i) tracks[static_cast<int>(i)] = Person(people[i]);
  EXPECT_EQ(ScoreTracks({}, &tracks), VideoScore(people, kMinTrackFrames));
}

TEST(ScoreTracksTest, NobodyHasNoScore) {
  TrackScores tracks;
  EXPECT_FALSE(ScoreTracks({}, &tracks).has_value());
}

TEST(AggregateOptionsTest, WrongNumbersAreUsageErrors) {
  AggregateOptions options;
  options.top_k = 0;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--top-k: must be at least 1");
  options.top_k = 1;
  options.min_track = 0;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--min-track: must be at least 1");
}

}  // namespace
}  // namespace seam
