#include "extract/media/video_writer.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_video.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// Grey pictures of a slowly changing brightness.
cv::Mat Grey(int level, const cv::Size& size) { return {size, CV_8UC3, cv::Scalar::all(level)}; }

std::string Probed(const fs::path& path, const std::string& entries) {
  return RunCommand("ffprobe -loglevel error -select_streams v:0 -show_entries stream=" + entries +
                    " -of default=noprint_wrappers=1:nokey=1 " + Quoted(path.string()))
      .out;
}

bool HasEncoder(const std::string& name, const fs::path& folder) {
  return CatchMessage([&] { VideoWriter(folder / "probe.mp4", {64, 64}, {.codec = name}); }).empty();
}

// Of this process, for good.
void LimitFileSize(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

class VideoEncoderTest : public testing::TestWithParam<std::string> {};

TEST_P(VideoEncoderTest, ReaderGetsBackPicturesAndUnevenTimes) {
  const TemporaryFolder folder;
  if (!HasEncoder(GetParam(), folder.path())) GTEST_SKIP() << "this FFmpeg has no " << GetParam();
  const fs::path path = folder / "film.mp4";
  const std::vector<double> times = {3.0, 3.04, 3.1, 3.5, 3.5333, 4.0};
  VideoWriter writer(path, {96, 64}, {.codec = GetParam()});
  EXPECT_EQ(writer.codec(), GetParam());
  for (std::size_t i = 0; i < times.size(); ++i)
    writer.Add(Grey(40 + 30 * static_cast<int>(i), {96, 64}), times[i]);
  EXPECT_FALSE(fs::exists(path));
  writer.Commit();

  VideoReader reader(path);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto stamp = reader.Next();
    ASSERT_TRUE(stamp.has_value()) << i;
    EXPECT_NEAR(stamp->pts_seconds, times[i] - times[0], 1e-4);
    const cv::Scalar mean = cv::mean(reader.Frame().Picture());
    EXPECT_NEAR(mean[1], 40 + 30 * static_cast<double>(i), 4) << i;
  }
  EXPECT_FALSE(reader.Next().has_value());
  EXPECT_EQ(reader.damage(), "");
}

INSTANTIATE_TEST_SUITE_P(All, VideoEncoderTest, testing::ValuesIn(VideoEncoderNames()), [](const auto& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(VideoWriterTest, OddSidesBecomeEvenAndColoursStay) {
  const TemporaryFolder folder;
  for (const cv::Size size : {cv::Size(333, 251), cv::Size(1281, 64)}) {
    const fs::path path = folder / "odd.mp4";
    VideoWriter writer(path, size);
    writer.Add(QuarteredPicture(size.width, size.height), 0);
    writer.Commit();
    VideoReader reader(path);
    ASSERT_TRUE(reader.Next().has_value());
    const cv::Mat picture = reader.Frame().Picture();
    EXPECT_EQ(picture.size(), cv::Size(size.width + 1, (size.height + 1) / 2 * 2));
    EXPECT_EQ(QuarterColours(picture), "rgbw");
    // Red is told apart best between the two matrices: by 20 and more in green.
    const auto red = picture.at<cv::Vec3b>(picture.rows / 4, picture.cols / 4);
    EXPECT_NEAR(red[0], 255, 6);
    EXPECT_NEAR(red[1], 0, 6);
    EXPECT_EQ(Probed(path, "color_space"), size.width >= 1280 ? "bt709\n" : "smpte170m\n");
  }
}

TEST(VideoWriterTest, IndexStandsBeforeTheFrames) {
  const TemporaryFolder folder;
  VideoWriter writer(folder / "film.mp4", {64, 64});
  for (const cv::Mat& picture : Noise(5, 64, 64)) writer.Add(picture, 0);
  writer.Commit();
  const std::string bytes = ReadFile(folder / "film.mp4");
  EXPECT_LT(bytes.find("moov"), bytes.find("mdat"));
}

TEST(VideoWriterTest, GreaterRateFactorMakesASmallerFile) {
  const TemporaryFolder folder;
  std::vector<std::uintmax_t> sizes;
  for (const int crf : {10, 23, 40}) {
    VideoWriter writer(folder / "film.mp4", {128, 128}, {.crf = crf});
    int at = 0;
    for (const cv::Mat& picture : Noise(5, 128, 128)) writer.Add(picture, 0.04 * at++);
    writer.Commit();
    sizes.push_back(fs::file_size(folder / "film.mp4"));
  }
  EXPECT_GT(sizes[0], sizes[1]);
  EXPECT_GT(sizes[1], 2 * sizes[2]);
}

TEST(VideoWriterTest, TimesThatDoNotAscendKeepTheirOrder) {
  const TemporaryFolder folder;
  VideoWriter writer(folder / "film.mp4", {64, 64});
  for (const double time : {1.0, 1.0, 0.5, 2.0}) writer.Add(Grey(100, {64, 64}), time);
  writer.Commit();
  VideoReader reader(folder / "film.mp4");
  int frames = 0;
  double last = -1;
  while (const auto stamp = reader.Next()) {
    EXPECT_GT(stamp->pts_seconds, last);
    last = stamp->pts_seconds;
    ++frames;
  }
  EXPECT_EQ(frames, 4);
  EXPECT_NEAR(last, 1.0, 1e-4);
}

TEST(VideoWriterTest, WithoutCommitNothingIsLeft) {
  const TemporaryFolder folder;
  {
    VideoWriter writer(folder / "film.mp4", {64, 64});
    writer.Add(Grey(100, {64, 64}), 0);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(VideoWriterTest, ErrorsNameTheFileAndTheReason) {
  const TemporaryFolder folder;
  const std::string film = (folder / "film.mp4").string(), lost = (folder / "none/film.mp4").string();
  EXPECT_EQ(CatchMessage([&] {
              VideoWriter(lost, {64, 64});
            }),
            lost + ": cannot be written: No such file or directory");
  EXPECT_EQ(CatchMessage([&] {
              VideoWriter(film, {64, 64}, {.codec = "vhs"});
            }),
            film + ": this FFmpeg has no encoder vhs");
  EXPECT_EQ(CatchHint([&] {
              VideoWriter(film, {64, 64}, {.codec = "vhs"});
            }),
            "Seam writes video with libx264, libopenh264, libvpx-vp9, mpeg4");
  EXPECT_EQ(CatchMessage([&] {
              VideoWriter(film, {64, 64}, {.crf = 52});
            }),
            film + ": a constant rate factor of 52 is not from 0 to 51");
  EXPECT_EQ(CatchMessage([&] { VideoWriter(film, {0, 64}); }), film + ": a video of empty pictures");
  EXPECT_EQ(CatchMessage([&] {
              VideoWriter(film, {64, 64}).Add(Grey(0, {64, 66}), 0);
            }),
            film + ": a frame is of another size than the first");
  EXPECT_EQ(CatchMessage([&] { VideoWriter(film, {64, 64}).Commit(); }), film + ": a video without frames");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(VideoWriterTest, FullDiskIsAnError) {
  // A limit on the size of files stands for the disk, which a test cannot fill.
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TemporaryFolder folder;
  const std::string film = (folder / "film.mp4").string();
  EXPECT_EXIT(
      {
        LimitFileSize(16 << 10);
        const std::string message = CatchMessage([&] {
          VideoWriter writer(film, {256, 256}, {.crf = 0});
          for (int i = 0; i < 8; ++i) writer.Add(Noise(1, 256, 256)[0], i);
          writer.Commit();
        });
        std::fprintf(stderr, "%s", message.c_str());
        std::exit(0);
      },
      testing::ExitedWithCode(0), "cannot be written: File too large");
}

}  // namespace
}  // namespace seam
