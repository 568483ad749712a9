#include "extract/sampling.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

// The numbers of the frames that `sampler` wants of a video whose frames are shown at `times`.
std::vector<int> Chosen(FrameSampler sampler, const std::vector<double>& times) {
  std::vector<int> chosen;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (sampler.Wants({static_cast<std::int64_t>(i), times[i]})) chosen.push_back(static_cast<int>(i));
  }
  return chosen;
}

std::vector<double> Times(int frames, double rate) {
  std::vector<double> times;
  for (int i = 0; i < frames; ++i) times.push_back(i / rate);
  return times;
}

TEST(FrameSamplerTest, EvenTakesTheMiddleOfEachPart) {
  const auto times = Times(100, 25);
  EXPECT_EQ(Chosen(FrameSampler::Even(4, times), times), (std::vector<int>{12, 37, 62, 87}));
}

TEST(FrameSamplerTest, EvenIsEvenInTimeAndNotInFrames) {
  // Ten frames in the first second, one a second for nine more.
  std::vector<double> times = Times(10, 10);
  for (int second = 1; second <= 9; ++second) times.push_back(second);
  const auto chosen = Chosen(FrameSampler::Even(5, times), times);
  EXPECT_EQ(chosen, (std::vector<int>{9, 11, 13, 15, 17}));
}

TEST(FrameSamplerTest, AShortVideoGivesAllItsFrames) {
  const auto times = Times(3, 25);
  EXPECT_EQ(Chosen(FrameSampler::Even(32, times), times), (std::vector<int>{0, 1, 2}));
}

TEST(FrameSamplerTest, AFrameThatIsMissingIsReplacedByTheNext) {
  const auto times = Times(100, 25);
  FrameSampler sampler = FrameSampler::Even(4, times);
  std::vector<int> chosen;
  for (int i = 0; i < 100; ++i) {
    if (i == 37 || i == 38) continue;  // not decodable
    if (sampler.Wants({i, times[static_cast<std::size_t>(i)]})) chosen.push_back(i);
  }
  EXPECT_EQ(chosen, (std::vector<int>{12, 39, 62, 87}));
}

TEST(FrameSamplerTest, NothingIsWantedAfterTheLast) {
  const auto times = Times(100, 25);
  FrameSampler sampler = FrameSampler::Even(2, times);
  for (int i = 0; i < 75; ++i) sampler.Wants({i, times[static_cast<std::size_t>(i)]});
  EXPECT_FALSE(sampler.Finished());
  EXPECT_TRUE(sampler.Wants({75, times[75]}));
  EXPECT_TRUE(sampler.Finished());
}

TEST(FrameSamplerTest, AFrameThatIsShownForLongDoesNotHideTheOthers) {
  std::vector<double> times = Times(24, 25);
  times.push_back(400);
  const auto chosen = Chosen(FrameSampler::Even(4, times), times);
  EXPECT_EQ(chosen.size(), 4U);
}

TEST(FrameSamplerTest, WhereTimesJumpFramesAreCounted) {
  std::vector<double> times = Times(50, 25);
  for (int i = 0; i < 50; ++i) times.push_back(i / 25.0);  // and again from the start
  EXPECT_EQ(Chosen(FrameSampler::EvenByIndex(4, 100), times), (std::vector<int>{12, 37, 62, 87}));
}

TEST(FrameSamplerTest, StrideTakesEveryNth) {
  const auto times = Times(10, 25);
  EXPECT_EQ(Chosen(FrameSampler::Stride(4), times), (std::vector<int>{0, 4, 8}));
  EXPECT_FALSE(FrameSampler::Stride(4).Finished());
}

TEST(FrameSamplerTest, SenselessNumbersAreUsageErrors) {
  SampleOptions options;
  options.frames = 0;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--frames: must be at least 1");
  options = {};
  options.stride = -1;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--stride: must not be negative");
}

}  // namespace
}  // namespace seam
