#include "infer/score_videos.h"

#include <gtest/gtest.h>

#include "infer/ensemble.h"
#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// Which of three videos are told when the second is interrupted at its very end.
std::vector<std::size_t> Told(bool unordered) {
  const TemporaryFolder folder;
  const Ensemble ensemble(
      std::make_shared<const Predictor>(MakeCheckpoint(folder / "m.safetensors"), CompileOptions{}, Parts()));
  std::vector<ScoreRow> videos;
  for (const char* name : {"a.mp4", "b.mp4", "c.mp4"}) {
    videos.emplace_back().path = (folder / name).string();
    MakeVideo(videos.back().path, "-f lavfi -i color=gray:size=64x64:rate=10:duration=0.3");
  }
  ExtractOptions extract;
  extract.detector.detector = "hog";
  extract.jobs = 1;
  ScoreOptions options;
  options.unordered = unordered;
  VideoExtras extras;
  extras.finish = [](std::size_t i, VideoResult* result) { result->dropped = i == 1; };
  std::vector<std::size_t> told;
  EXPECT_FALSE(ScoreVideos(
      videos, extract, options, VerdictRule{}, ensemble,
      [&](std::size_t i, const VideoResult&) { told.push_back(i); }, extras));
  return told;
}

TEST(ScoreVideosTest, InOrderNothingIsToldBehindAGapSinceAResumedRunFillsIt) {
  EXPECT_EQ(Told(false), std::vector<std::size_t>{0});
}

TEST(ScoreVideosTest, WithoutOrderAllThatIsWholeIsTold) {
  EXPECT_EQ(Told(true), (std::vector<std::size_t>{0, 2}));
}

}  // namespace
}  // namespace seam
