#include "extract/media/decode_plan.h"

#include <algorithm>
#include <random>
#include <string_view>

#include <gtest/gtest.h>

#include "extract/media/video_reader.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::string Letters(const std::vector<PacketUse>& plan) {
  std::string letters;
  for (const PacketUse use : plan)
    letters += use == PacketUse::kPassOver ? '-' : use == PacketUse::kDecode ? 'd' : 'S';
  return letters;
}

TEST(PlanDecodingTest, BeginsAtTheStartBeforeAndEndsAtTheFrameWanted) {
  const std::vector<ScannedPacket> packets = {{0, true},  {1, false}, {2, false}, {3, true}, {4, false},
                                              {5, false}, {6, true},  {7, false}, {8, false}};
  EXPECT_EQ(Letters(PlanDecoding(packets, {4})), "---dS");
  EXPECT_EQ(Letters(PlanDecoding(packets, {1, 6})), "dS----S");
  EXPECT_EQ(Letters(PlanDecoding(packets, {0, 2, 8})), "SdS---ddS");
  EXPECT_EQ(Letters(PlanDecoding(packets, {})), "");
  EXPECT_EQ(Letters(PlanDecoding({}, {1})), "");
}

// An open group of pictures: the frames at 1 and 2 follow the start at 3 and lean on what is before it.
TEST(PlanDecodingTest, AStartWithFramesShownBeforeItIsNone) {
  const std::vector<ScannedPacket> packets = {{0, true}, {3, true}, {1, false}, {2, false}, {4, false}};
  EXPECT_EQ(Letters(PlanDecoding(packets, {4})), "ddddS");
}

TEST(PlanDecodingTest, AStartShownBeforeFramesAheadOfItIsNone) {
  const std::vector<ScannedPacket> packets = {{0, true}, {5, false}, {3, true}, {6, false}};
  EXPECT_EQ(Letters(PlanDecoding(packets, {6})), "dddS");
}

struct Shown {
  FrameStamp stamp;
  std::size_t pixels;  // a hash of them
};

std::size_t ComputeHash(const VideoFrame& frame) {
  const cv::Mat picture = frame.Picture().clone();
  return std::hash<std::string_view>()(
      {reinterpret_cast<const char*>(picture.data), picture.total() * picture.elemSize()});
}

std::vector<Shown> AllFrames(const fs::path& video) {
  std::vector<Shown> frames;
  VideoReader reader(video);
  while (const auto stamp = reader.Next()) frames.push_back({*stamp, ComputeHash(reader.Frame())});
  return frames;
}

// Decodes only frames[i] for i of `wanted` and compares them; how many frames the decoder gave out.
std::size_t ExpectTheSame(const fs::path& video, const VideoScan& scan, const std::vector<Shown>& frames,
                          const std::vector<std::size_t>& wanted) {
  std::vector<double> times;
  for (const std::size_t i : wanted) times.push_back(scan.times[i]);
  VideoReader reader(video);
  reader.ShowOnly(scan, times);
  std::size_t found = 0, given = 0;
  while (const auto stamp = reader.Next()) {
    ++given;
    const auto index = static_cast<std::size_t>(stamp->index);
    if (index >= frames.size() || frames[index].stamp.pts_seconds != stamp->pts_seconds) {
      ADD_FAILURE() << "a frame of another place: " << stamp->index << " at " << stamp->pts_seconds;
      return given;
    }
    if (found == wanted.size() || wanted[found] != index) continue;
    ++found;
    EXPECT_EQ(ComputeHash(reader.Frame()), frames[index].pixels) << index;
  }
  EXPECT_EQ(found, wanted.size());
  EXPECT_EQ(reader.damage(), "");
  return given;
}

// Few, many, first, last, neighbours, and at random; the fewest frames that were given out for one.
std::size_t ExpectTheSameForManyChoices(const fs::path& video) {
  const std::vector<Shown> frames = AllFrames(video);
  const VideoScan scan = ScanVideo(video);
  if (scan.times.size() != frames.size() || frames.empty()) {
    ADD_FAILURE() << scan.times.size() << " packets, " << frames.size() << " frames";
    return 0;
  }
  const std::size_t n = frames.size();
  std::vector<std::vector<std::size_t>> choices = {{0}, {n - 1}, {n / 2}, {}, {}};
  for (std::size_t k = 0; k < 4; ++k) choices[3].push_back((2 * k + 1) * n / 8);
  for (std::size_t i = n / 2; i < std::min(n, n / 2 + 5); ++i) choices[4].push_back(i);
  std::mt19937 random(7);
  for (const double share : {0.05, 0.3}) {
    choices.emplace_back();
    for (std::size_t i = 0; i < n; ++i) {
      if (std::uniform_real_distribution<>()(random) < share) choices.back().push_back(i);
    }
  }
  std::size_t fewest = n;
  for (const auto& wanted : choices) {
    if (!wanted.empty()) fewest = std::min(fewest, ExpectTheSame(video, scan, frames, wanted));
  }
  return fewest;
}

TEST(ShowOnlyTest, WantedFramesKeepTheirPixelsWhateverTheEncoderDid) {
  const TemporaryFolder folder;
  for (const char* settings :
       {"-c:v libx264 -preset veryfast", "-c:v libx264 -bf 5 -b-pyramid none", "-c:v libx264 -bf 0",
        "-c:v libx264 -bf 4 -b-pyramid normal -refs 5 -g 12", "-c:v libx264 -g 10 -x264-params open-gop=1",
        "-c:v libx264 -g 15 -x264-params intra-refresh=1", "-c:v libx264 -g 8 -flags +ildct+ilme",
        "-c:v libx264 -pix_fmt yuv444p -g 16", "-c:v libx265 -g 12 -x265-params log-level=error",
        "-c:v libx265 -g 12 -x265-params log-level=error:open-gop=0:bframes=4", "-c:v mpeg4 -bf 2 -g 9",
        "-c:v mpeg4 -bf 0"}) {
    for (const char* name : {"a.mp4", "a.mkv"}) {
      SCOPED_TRACE(std::string(name) + " " + settings);
      const fs::path video = MakeVideo(
          folder / name,
          std::string("-f lavfi -i testsrc2=size=128x96:rate=25:duration=2 -vf noise=alls=12 ") + settings);
      ExpectTheSameForManyChoices(video);
    }
  }
}

TEST(ShowOnlyTest, WantedFramesOfSharedClipsKeepTheirPixels) {
  SEAM_NEEDS_SHARED("data/clips");
  const auto clips = SharedClips();
  for (std::size_t i = 0; i < clips.size(); i += 25) {
    SCOPED_TRACE(clips[i].string());
    ExpectTheSameForManyChoices(clips[i]);
  }
}

TEST(ShowOnlyTest, OneFrameOfAVideoWithKeyFramesCostsNoMoreThanItsGroup) {
  const TemporaryFolder folder;
  const fs::path video =
      MakeVideo(folder / "a.mp4", "-f lavfi -i testsrc2=size=128x96:rate=25:duration=8 -c:v libx264 -g 20");
  const VideoScan scan = ScanVideo(video);
  const std::vector<Shown> frames = AllFrames(video);
  EXPECT_LE(ExpectTheSame(video, scan, frames, {150}), 20U);
  EXPECT_LE(ExpectTheSame(video, scan, frames, {30, 110, 190}), 60U);
}

TEST(ShowOnlyTest, FramesThatNoOtherNeedsAreDropped) {
  const TemporaryFolder folder;
  const fs::path video =
      MakeVideo(folder / "a.mp4",
                "-f lavfi -i testsrc2=size=128x96:rate=25:duration=4 -c:v libx264 -bf 3 -b-pyramid none "
                "-b_strategy 0 -g 250 -sc_threshold 0");
  EXPECT_LT(ExpectTheSame(video, ScanVideo(video), AllFrames(video), {3, 97}), 35U);
}

TEST(ShowOnlyTest, VideosWithoutTimesAreDecodedWhole) {
  const TemporaryFolder folder;
  const fs::path video = MakeVideo(folder / "a.avi", "-f lavfi -i testsrc2=size=128x96:rate=25:duration=1");
  EXPECT_TRUE(ScanVideo(video).order.empty());
}

}  // namespace
}  // namespace seam
