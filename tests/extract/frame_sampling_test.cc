#include "extract/faces/frame_sampling.h"

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

SampleOptions SampleWindows(int window, int windows, int stride = 1) {
  SampleOptions options;
  options.window = window;
  options.windows = windows;
  options.window_stride = stride;
  return options;
}

TEST(FrameSamplerTest, WindowsLieAroundTheMiddleOfEachPart) {
  const auto times = Times(100, 25);
  const FrameSampler sampler = FrameSampler::Windows(SampleWindows(4, 2), times);
  EXPECT_EQ(sampler.windows(), 2);
  EXPECT_EQ(Chosen(sampler, times), (std::vector<int>{23, 24, 25, 26, 73, 74, 75, 76}));
  EXPECT_EQ(Chosen(FrameSampler::Windows(SampleWindows(3, 2, 5), times), times),
            (std::vector<int>{20, 25, 30, 70, 75, 80}));
}

TEST(FrameSamplerTest, WindowsAreEvenInTimeAndNotInFrames) {
  // Fifty frames in the first second, one a second for nine more.
  std::vector<double> times = Times(50, 50);
  for (int second = 1; second <= 9; ++second) times.push_back(second);
  EXPECT_EQ(Chosen(FrameSampler::Windows(SampleWindows(2, 2), times), times),
            (std::vector<int>{50, 51, 54, 55}));
}

TEST(FrameSamplerTest, AShortVideoGivesFewerWindowsThatNeverOverlap) {
  const auto times = Times(11, 25);
  EXPECT_EQ(Chosen(FrameSampler::Windows(SampleWindows(4, 8), times), times).size(), 8U) << "two of four";
  EXPECT_EQ(FrameSampler::Windows(SampleWindows(4, 8), times).windows(), 2);
  const FrameSampler none = FrameSampler::Windows(SampleWindows(12, 8), times);
  EXPECT_EQ(none.windows(), 0);
  EXPECT_TRUE(none.Finished());
  for (int count = 1; count < 40; ++count) {
    const auto some = Times(count, 25);
    const auto chosen = Chosen(FrameSampler::WindowsByIndex(SampleWindows(3, 5, 2), count), some);
    EXPECT_EQ(chosen.size(), static_cast<std::size_t>(std::min(5, count / 5)) * 3) << count;
  }
}

TEST(FrameSamplerTest, AWantedFrameKnowsItsPlace) {
  FrameSampler sampler = FrameSampler::WindowsByIndex(SampleWindows(3, 2), 20);  // 4 5 6, 14 15 16
  EXPECT_FALSE(sampler.Wants({3, 0}));
  EXPECT_EQ(sampler.Wants({4, 0})->position, 0);
  // The fifth cannot be decoded.
  const auto third = sampler.Wants({6, 0});
  ASSERT_TRUE(third);
  EXPECT_EQ(third->window, 0);
  EXPECT_EQ(third->position, 2);
  EXPECT_EQ(sampler.Wants({14, 0})->window, 1);
}

TEST(FrameSamplerTest, WindowsThatBeginSoManyFramesApartCoverTheVideo) {
  SampleOptions options;
  options.window = 4;
  options.window_hop = 4;
  EXPECT_EQ(options.WindowSets(), 1);
  EXPECT_EQ(Chosen(FrameSampler::Windows(options, Times(10, 25)), Times(10, 25)),
            (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  options.window_hop = 6;
  EXPECT_EQ(Chosen(FrameSampler::Windows(options, Times(10, 25)), Times(10, 25)),
            (std::vector<int>{0, 1, 2, 3, 6, 7, 8, 9}));
}

TEST(FrameSamplerTest, OverlappingWindowsFallIntoSetsThatDoNotOverlap) {
  SampleOptions options;
  options.window = 3;
  options.window_stride = 2;  // a window spans five frames
  options.window_hop = 2;
  ASSERT_EQ(options.WindowSets(), 3);
  std::vector<std::vector<int>> sets;
  for (int set = 0; set < 3; ++set)
    sets.push_back(Chosen(FrameSampler::Windows(options, Times(12, 25), set), Times(12, 25)));
  EXPECT_EQ(sets, (std::vector<std::vector<int>>{{0, 2, 4, 6, 8, 10}, {2, 4, 6}, {4, 6, 8}}));
}

TEST(FrameSamplerTest, AWindowOfOneIsASingleFrame) {
  const auto times = Times(100, 25);
  EXPECT_EQ(Chosen(FrameSampler::Windows(SampleWindows(1, 4), times), times),
            Chosen(FrameSampler::Even(4, times), times));
}

TEST(FrameSamplerTest, FramesChosenElsewhere) {
  EXPECT_EQ(Chosen(FrameSampler::At({2, 3, 7, 8}, 2), Times(10, 25)), (std::vector<int>{2, 3, 7, 8}));
}

TEST(SampleOptionsTest, MoreFramesOrWindowsOrACloserStride) {
  SampleOptions options = SampleWindows(4, 3);
  options.stride = 10;
  EXPECT_EQ(options.Times(2.5).windows, 8);
  EXPECT_EQ(options.Times(2.5).frames, 80);
  EXPECT_EQ(options.Times(2.5).stride, 4);
  EXPECT_EQ(options.Times(100).stride, 1);
}

TEST(SampleOptionsTest, FramesAndWindowsExcludeEachOther) {
  const auto message = [](const std::vector<std::string>& arguments) {
    Options options("program", "", "", "");
    SampleOptions sample;
    sample.Register(&options);
    options.Parse(arguments);
    return CatchMessage([&] { SampleOptions::CheckTogether(options); });
  };
  EXPECT_EQ(message({"--window", "8", "--windows", "4"}), "");
  EXPECT_EQ(message({"--frames", "8", "--window", "4"}), "--frames: makes no sense with --window");
  EXPECT_EQ(message({"--frames", "32", "--windows", "4"}), "--frames: makes no sense with --windows");
  EXPECT_EQ(message({"--stride", "8", "--window", "4"}), "--stride: makes no sense with --window");
  EXPECT_EQ(message({"--windows", "4"}), "--windows: needs --window");
  EXPECT_EQ(message({"--window-stride", "4"}), "--window-stride: needs --window");
}

TEST(FrameSamplerTest, SenselessNumbersAreUsageErrors) {
  SampleOptions options;
  options.frames = 0;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--frames: must be at least 1, not 0");
  options = {};
  options.stride = -1;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--stride: must be at least 0, not -1");
  EXPECT_EQ(CatchMessage([] { SampleWindows(513, 1).Check(); }), "--window: must be from 0 to 512, not 513");
  EXPECT_EQ(CatchMessage([] { SampleWindows(2, 0).Check(); }), "--windows: must be from 1 to 1000000, not 0");
  EXPECT_EQ(CatchMessage([] { SampleWindows(2, 1, 0).Check(); }),
            "--window-stride: must be from 1 to 10000, not 0");
}

}  // namespace
}  // namespace seam
