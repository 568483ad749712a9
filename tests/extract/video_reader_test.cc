#include "extract/media/video_reader.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/csv.h"
#include "base/files.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::vector<FrameStamp> AllStamps(const fs::path& path) {
  VideoReader reader(path);
  std::vector<FrameStamp> stamps;
  while (const auto stamp = reader.Next()) stamps.push_back(*stamp);
  return stamps;
}

cv::Mat FirstPicture(const fs::path& path) {
  VideoReader reader(path);
  EXPECT_TRUE(reader.Next().has_value());
  return reader.Frame().Picture();
}

// The times of the frames as ffprobe decodes them.
std::vector<double> ProbedTimes(const fs::path& path) {
  const CommandResult result = RunCommand(
      "ffprobe -loglevel error -select_streams v:0 -show_frames -show_entries "
      "frame=best_effort_timestamp_time -of csv=p=0 " +
      Quoted(path.string()));
  std::vector<double> times;
  for (const auto& row : ParseCsv(result.out, "ffprobe")) times.push_back(std::stod(row.at(0)));
  return times;
}

// A picture whose quarters are, from the top left on: red, green, blue, white.
std::string Quarters(int width, int height) {
  std::ostringstream arguments;
  arguments << "-f lavfi -i color=white:size=" << width << "x" << height << ":rate=5:duration=1 -vf '"
            << "drawbox=0:0:iw/2:ih/2:red:fill,drawbox=iw/2:0:iw/2:ih/2:lime:fill,"
            << "drawbox=0:ih/2:iw/2:ih/2:blue:fill' -pix_fmt yuv420p";
  return arguments.str();
}

TEST(VideoReaderTest, FramesOrderAndTimesAreFfprobesOnClipsOfEveryDataset) {
  SEAM_NEEDS_SHARED("data/clips");
  const auto clips = OneSharedClipOfEachFolder();
  ASSERT_GE(clips.size(), 18U);
  for (const auto& clip : clips) {
    SCOPED_TRACE(clip.string());
    const std::vector<double> probed = ProbedTimes(clip);
    const std::vector<FrameStamp> stamps = AllStamps(clip);
    ASSERT_EQ(stamps.size(), probed.size());
    // Packets tell the same times without decoding.
    const std::vector<double> scanned = ScanVideo(clip).times;
    ASSERT_EQ(scanned.size(), probed.size());
    for (std::size_t i = 0; i < stamps.size(); ++i) {
      ASSERT_EQ(stamps[i].index, static_cast<std::int64_t>(i));
      ASSERT_NEAR(stamps[i].pts_seconds, probed[i], 2e-6);
      ASSERT_NEAR(scanned[i], probed[i], 2e-6);
      if (i > 0) {
        ASSERT_GT(stamps[i].pts_seconds, stamps[i - 1].pts_seconds);
      }
    }
  }
}

// Without the shared clips: B-frames, whose times a decoder holds back until the end of the file, in
// containers that tell times differently.
TEST(VideoReaderTest, FramesAndTimesAreFfprobesOnMadeVideos) {
  const TemporaryFolder folder;
  for (const char* name : {"a.mp4", "a.mkv", "a.ts"}) {
    SCOPED_TRACE(name);
    const fs::path video =
        MakeVideo(folder / name,
                  "-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -bf 3 -c:v libx264 -pix_fmt yuv420p");
    const std::vector<double> probed = ProbedTimes(video), scanned = ScanVideo(video).times;
    const std::vector<FrameStamp> stamps = AllStamps(video);
    ASSERT_EQ(probed.size(), 50U);
    ASSERT_EQ(stamps.size(), 50U);
    ASSERT_EQ(scanned.size(), 50U);
    for (std::size_t i = 0; i < 50; ++i) {
      EXPECT_NEAR(stamps[i].pts_seconds, probed[i], 2e-6);
      EXPECT_NEAR(scanned[i], probed[i], 2e-6);
    }
  }
}

TEST(VideoReaderTest, TimesOfJoinedRecordingsGoOn) {
  const TemporaryFolder folder;
  const fs::path part = MakeVideo(folder / "part.ts", "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1");
  EXPECT_TRUE(ScanVideo(part).ascending);
  WriteFile(folder / "joined.ts", ReadFile(part) + ReadFile(part));
  const VideoScan scan = ScanVideo(folder / "joined.ts");
  EXPECT_TRUE(scan.ascending);
  EXPECT_NEAR(static_cast<double>(scan.packets), 50, 2);
  EXPECT_NEAR(scan.times.back() - scan.times.front(), 1.96, 0.05);
}

TEST(VideoReaderTest, RotatedVideosComeOutUpright) {
  const TemporaryFolder folder;
  const fs::path plain = MakeVideo(folder / "plain.mp4", Quarters(96, 64) + " -c:v libx264 -qp 10");
  ASSERT_EQ(QuarterColours(FirstPicture(plain)), "rgbw");
  // `rotate` is what the player has to turn clockwise, so the stored picture is turned the other way: an
  // upright "rgbw" stored for rotate=90 looks like "gwrb".
  const struct {
    int degrees;
    const char* filter;
  } cases[] = {{90, "transpose=clock"}, {180, "hflip,vflip"}, {270, "transpose=cclock"}};
  for (const auto& [degrees, filter] : cases) {
    SCOPED_TRACE(degrees);
    const fs::path turned =
        MakeVideo(folder / "turned.mp4", "-i " + plain.string() + " -vf " + filter + " -c:v libx264 -qp 10");
    ASSERT_NE(QuarterColours(FirstPicture(turned)), "rgbw");
    const fs::path marked =
        MakeVideo(folder / "marked.mp4",
                  "-i " + turned.string() + " -c copy -metadata:s:v rotate=" + std::to_string(degrees));
    const cv::Mat picture = FirstPicture(marked);
    EXPECT_EQ(picture.size(), cv::Size(96, 64));
    EXPECT_EQ(QuarterColours(picture), "rgbw");
    // ffmpeg turns the video itself when it decodes.
    MakeVideo(folder / "auto.png", "-i " + marked.string() + " -frames:v 1 -pix_fmt rgb24");
    EXPECT_EQ(QuarterColours(FirstPicture(folder / "auto.png")), "rgbw");
  }
}

TEST(VideoReaderTest, ColourMatrixAndRangeComeFromTheFrame) {
  const TemporaryFolder folder;
  const struct {
    const char* name;
    const char* filter;
    const char* flags;
  } cases[] = {
      {"bt601", "scale=out_color_matrix=bt601:out_range=tv", "-colorspace smpte170m -color_range tv"},
      {"bt709", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace bt709 -color_range tv"},
      {"full", "scale=out_color_matrix=bt709:out_range=pc", "-colorspace bt709 -color_range pc"},
  };
  for (const auto& [name, filter, flags] : cases) {
    SCOPED_TRACE(name);
    const fs::path video =
        MakeVideo(folder / (std::string(name) + ".mp4"),
                  std::string("-f lavfi -i color=0xC06030:size=64x64:rate=5:duration=1 -vf format=gbrp,") +
                      filter + ",format=yuv420p -c:v libx264 -qp 1 " + flags);
    const cv::Scalar mean = cv::mean(FirstPicture(video));
    EXPECT_NEAR(mean[0], 0xC0, 3);
    EXPECT_NEAR(mean[1], 0x60, 3);
    EXPECT_NEAR(mean[2], 0x30, 3);
  }
}

// Note [Padded rows] in extract/media/video_frame.cc.
TEST(VideoReaderTest, OddWidthsHaveThePixelsOfEvenOnes) {
  const TemporaryFolder folder;
  for (const int width : {318, 330, 333, 351}) {
    SCOPED_TRACE(width);
    const fs::path video =
        MakeVideo(folder / "odd.mkv", "-f lavfi -i color=0x204080:size=" + std::to_string(width) +
                                          "x64:rate=5:duration=1,format=yuv444p -c:v ffv1");
    const cv::Mat picture = FirstPicture(video);
    ASSERT_EQ(picture.size(), cv::Size(width, 64));
    double least = 0, most = 0;
    cv::minMaxLoc(picture.reshape(1), &least, &most);
    EXPECT_NEAR(least, 0x20, 3);
    EXPECT_NEAR(most, 0x80, 3);
    EXPECT_LE(cv::norm(picture, cv::Mat(picture.size(), CV_8UC3, cv::mean(picture)), cv::NORM_INF), 1.0);
  }
}

TEST(VideoReaderTest, APictureIsAVideoOfOneFrame) {
  const TemporaryFolder folder;
  for (const char* name : {"a.jpg", "a.png", "a.webp", "a.bmp"}) {
    SCOPED_TRACE(name);
    const fs::path picture = MakeVideo(
        folder / name,
        Quarters(64, 48) + " -frames:v 1" +
            (std::string(name) == "a.png" || std::string(name) == "a.bmp" ? " -pix_fmt rgb24" : ""));
    EXPECT_EQ(AllStamps(picture).size(), 1U);
    EXPECT_EQ(ScanVideo(picture).times.size(), 1U);
    EXPECT_EQ(QuarterColours(FirstPicture(picture)), "rgbw");
  }
}

TEST(VideoReaderTest, EveryCommonContainerIsRead) {
  const TemporaryFolder folder;
  for (const char* name : {"a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.ts", "a.flv", "a.gif", "a.mpg"}) {
    SCOPED_TRACE(name);
    const fs::path video = MakeVideo(folder / name, "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1");
    VideoReader reader(video);
    int frames = 0;
    while (reader.Next()) ++frames;
    EXPECT_EQ(frames, 25);
    EXPECT_EQ(reader.damage(), "");
  }
}

TEST(VideoReaderTest, WhatIsNoVideoIsNamed) {
  const TemporaryFolder folder;
  const auto message = [](const fs::path& path) {
    return CatchMessage([&] { const VideoReader reader(path); });
  };
  WriteFile(folder / "text.mp4", "this is no video\n");
  WriteFile(folder / "empty.mp4", "");
  EXPECT_EQ(message(folder / "none.mp4"),
            (folder / "none.mp4").string() + ": cannot be opened: No such file or directory");
  EXPECT_EQ(message(folder / "text.mp4"),
            (folder / "text.mp4").string() + ": is not a video or picture that Seam knows");
  EXPECT_EQ(message(folder / "empty.mp4"), (folder / "empty.mp4").string() + ": is empty (0 bytes)");
  EXPECT_EQ(message(folder.path()), folder.path().string() + ": is not a file");
  EXPECT_NE(CatchHint([&] { const VideoReader reader(folder / "text.mp4"); }), "");

  const fs::path sound = MakeVideo(folder / "sound.mp4", "-f lavfi -i sine=duration=1");
  EXPECT_EQ(message(sound), sound.string() + ": has no video stream");
}

TEST(VideoReaderTest, APlaylistOpensNothing) {
  const TemporaryFolder folder;
  const fs::path secret =
      MakeVideo(folder / "secret.ts", "-f lavfi -i testsrc2=size=64x64:rate=5:duration=1");
  WriteFile(folder / "hls.mp4",
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + secret.string() + "\n#EXT-X-ENDLIST\n");
  WriteFile(folder / "concat.mp4", "ffconcat version 1.0\nfile " + secret.string() + "\n");
  for (const char* name : {"hls.mp4", "concat.mp4"}) {
    EXPECT_NE(CatchMessage([&] { const VideoReader reader(folder / name); }), "") << name;
  }
}

TEST(VideoReaderTest, AClipThatIsCutOffSaysSo) {
  const TemporaryFolder folder;
  const fs::path whole = MakeVideo(
      folder / "whole.mp4", "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -movflags +faststart");
  const std::string bytes = ReadFile(whole);
  WriteFile(folder / "half.mp4", bytes.substr(0, bytes.size() / 2));
  VideoReader reader(folder / "half.mp4");
  int frames = 0;
  while (reader.Next()) ++frames;
  EXPECT_GT(frames, 5);
  EXPECT_LT(frames, 50);
  EXPECT_NE(reader.damage().find("cut off"), std::string::npos) << reader.damage();
  EXPECT_EQ(ScanVideo(folder / "half.mp4").damage, reader.damage());
}

TEST(VideoReaderTest, OtherFilesThatAreCutOffSaySoWhereTheyCan) {
  const TemporaryFolder folder;
  MakeVideo(folder / "whole.mkv", "-f lavfi -i testsrc2=size=320x240:rate=25:duration=4");
  MakeVideo(folder / "whole.jpg", Quarters(640, 480) + " -frames:v 1");
  for (const char* ending : {".mkv", ".jpg"}) {
    const std::string whole = ReadFile(folder / (std::string("whole") + ending));
    const fs::path half = folder / (std::string("half") + ending);
    WriteFile(half, whole.substr(0, whole.size() / 2));
    EXPECT_NE(ScanVideo(half).damage.find("cut off"), std::string::npos) << half;
    EXPECT_EQ(ScanVideo(folder / (std::string("whole") + ending)).damage, "") << ending;
  }
}

TEST(VideoReaderTest, DamageInTheMiddleIsSurvivedAndTold) {
  const TemporaryFolder folder;
  const fs::path whole =
      MakeVideo(folder / "whole.mp4", "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -g 10");
  std::string bytes = ReadFile(whole);
  for (std::size_t i = bytes.size() / 3; i < bytes.size() / 3 + 3000; ++i)
    bytes[i] = static_cast<char>(i * 7);
  WriteFile(folder / "hurt.mp4", bytes);
  VideoReader reader(folder / "hurt.mp4");
  double last = 0;
  while (const auto stamp = reader.Next()) last = stamp->pts_seconds;
  EXPECT_NEAR(last, 1.96, 0.01);
  EXPECT_NE(reader.damage(), "");
}

}  // namespace
}  // namespace seam
