#include "scores/aggregate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
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

std::vector<double> Times(int count, double score, int more = 0, double other = 0) {
  std::vector<double> scores(static_cast<std::size_t>(count), score);
  scores.insert(scores.end(), static_cast<std::size_t>(more), other);
  return scores;
}

TEST(AggregateTest, TheMeanOfLogitsIsNotTheMeanOfScores) {
  const auto sigmoid = [](double logit) { return 1 / (1 + std::exp(-logit)); };
  EXPECT_NEAR(Of("logit-mean", {sigmoid(2), sigmoid(-1), sigmoid(0.5), sigmoid(3)}), sigmoid(4.5 / 4), 1e-12);
}

TEST(AggregateTest, ConfidentScoresDecideWhereThereAreEnough) {
  EXPECT_NEAR(Of("confident", Times(12, 0.9, 20, 0.3)), 0.525, 1e-12);  // 12 of 32 are no more than 32 // 2.5
  EXPECT_NEAR(Of("confident", Times(13, 0.9, 19, 0.3)), 0.9, 1e-12);
  EXPECT_NEAR(Of("confident", Times(11, 0.9, 1, 0.3)), (11 * 0.9 + 0.3) / 12, 1e-12);  // too few in all
  EXPECT_NEAR(Of("confident", Times(29, 0.1, 3, 0.7)), 0.1, 1e-12);
  EXPECT_NEAR(Of("confident", Times(28, 0.1, 4, 0.7)), (2.8 + 2.8) / 32, 1e-12);
}

// Of each frame, by its index, the faces' scores and the sides of their boxes.
TEST(ScoreTracksTest, TheGreatestOfAFramesLargeFacesCountsForTheFrame) {
  const auto clip = [](std::int64_t index, double score, float side) {
    ClipScore made;
    made.faces = {{.index = index, .box = {0, 0, side, side}}};
    made.score = score;
    return made;
  };
  TrackScores people;
  people[0].clips = {clip(0, 0.2, 100), clip(1, 0.4, 100), clip(2, 0.1, 100)};
  people[1].clips = {clip(0, 0.9, 71), clip(2, 0.99, 70)};  // of half the area and a little more, and less
  people[2].clips = {clip(2, 0.3, 90)};                     // too brief to count, and yet one of the faces
  AggregateOptions options;
  options.aggregate = "frame-max";
  EXPECT_NEAR(*ScoreTracks(options, &people), (0.9 + 0.4 + 0.3) / 3, 1e-12);
  EXPECT_FALSE(people[2].counts);
}

TEST(ScoreTracksTest, ConfidentScoresAreOfAllPeopleTogether) {
  TrackScores people = {{0, Person(Times(13, 0.9))}, {1, Person(Times(17, 0.3))}};
  AggregateOptions options;
  options.aggregate = "confident";
  EXPECT_NEAR(*ScoreTracks(options, &people), 0.9, 1e-12);
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

TEST(ScoreTracksTest, TilesAreJoinedAsToldAndNotByTheMostSuspicious) {
  // Of a film: each tile has its mean over the frames first, and one that is there too briefly does not
  // count.
  TrackScores tiles = {{0, Person({0.1, 0.2, 0.3})},
                       {1, Person({0.7, 0.9, 0.8})},
                       {2, Person({0.5, 0.5, 0.5})},
                       {3, Person({0.99})}};
  AggregateOptions options;
  options.tiles = "mean";
  EXPECT_DOUBLE_EQ(*ScoreTracks(options, &tiles), (0.2 + 0.8 + 0.5) / 3);
  options.tiles = "median";
  EXPECT_DOUBLE_EQ(*ScoreTracks(options, &tiles), 0.5);
  options.tiles = "max";
  EXPECT_DOUBLE_EQ(*ScoreTracks(options, &tiles), 0.8);
  options.tiles = "top-2";
  EXPECT_DOUBLE_EQ(*ScoreTracks(options, &tiles), 0.65);
  options.tiles = "logit-mean";
  EXPECT_NEAR(*ScoreTracks(options, &tiles), 0.5, 1e-12);  // the logits of 0.2 and 0.8 are opposites
  EXPECT_EQ(options.Name(), "mean, tiles: logit-mean");
  for (const char* wrong : {"top-0", "top-", "top-k", "greatest", "top-2x"}) {
    options.tiles = wrong;
    EXPECT_THROW(options.Check(), Error) << wrong;
  }
}

TEST(ScoreTracksTest, NobodyHasNoScore) {
  TrackScores tracks;
  EXPECT_FALSE(ScoreTracks({}, &tracks).has_value());
}

TEST(AggregateOptionsTest, WrongNumbersAreUsageErrors) {
  AggregateOptions options;
  options.top_k = 0;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--top-k: must be at least 1, not 0");
  options.top_k = 1;
  options.min_track = 0;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--min-track: must be at least 1, not 0");
}

}  // namespace
}  // namespace seam
