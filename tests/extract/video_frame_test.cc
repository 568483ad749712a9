#include "extract/media/video_frame.h"

#include <random>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "extract/media/av.h"
#include "extract/media/video_reader.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace seam {
namespace {

namespace fs = std::filesystem;

VideoFrame FirstFrame(const fs::path& path) {
  VideoReader reader(path);
  EXPECT_TRUE(reader.Next().has_value());
  return reader.Frame();
}

// Areas that touch each edge, none, and all of a frame.
std::vector<cv::Rect> Areas(const cv::Size& size) {
  const int w = size.width, h = size.height;
  return {{0, 0, w, h},         {0, 0, w / 3, h / 3},   {w / 2, h / 2, w - w / 2, h - h / 2},
          {w / 3 + 1, 0, 7, h}, {0, h / 3 + 1, w, 5},   {w / 4, h / 4, w / 2, h / 2},
          {w - 1, h - 1, 1, 1}, {w / 2 - 1, 3, 33, 21}, {w / 3, h / 2, 1, 1}};
}

void ExpectPartsOfTheWhole(const VideoFrame& frame) {
  const cv::Mat whole = frame.Picture();
  ASSERT_EQ(whole.size(), frame.size());
  for (const cv::Rect& area : Areas(frame.size())) {
    const cv::Mat part = frame.Part(area);
    ASSERT_EQ(part.size(), area.size());
    EXPECT_EQ(cv::norm(part, whole(area), cv::NORM_INF), 0) << area;
  }
}

TEST(VideoFrameTest, APartHasThePixelsOfTheWholeInEveryFormat) {
  const TemporaryFolder folder;
  for (const char* format :
       {"yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv410p", "yuv420p10le", "gray", "rgb24", "yuva420p"}) {
    for (const char* size : {"320x240", "317x239"}) {
      SCOPED_TRACE(std::string(format) + " " + size);
      ExpectPartsOfTheWhole(FirstFrame(MakeVideo(
          folder / "a.mkv", std::string("-f lavfi -i testsrc2=size=") + size +
                                ":rate=5:duration=0.2 -vf noise=alls=40 -c:v ffv1 -strict -2 -pix_fmt " +
                                (std::string(format) == "rgb24" ? "bgr0" : format))));
    }
  }
  ExpectPartsOfTheWhole(
      FirstFrame(MakeVideo(folder / "a.gif", "-f lavfi -i testsrc2=size=200x150:rate=5:duration=0.2")));
}

TEST(VideoFrameTest, APartOfATurnedFrameIsTurnedToo) {
  const TemporaryFolder folder;
  const fs::path plain = MakeVideo(folder / "plain.mp4",
                                   "-f lavfi -i testsrc2=size=320x240:rate=5:duration=0.2 -pix_fmt yuv420p");
  for (const char* degrees : {"90", "180", "270"}) {
    SCOPED_TRACE(degrees);
    ExpectPartsOfTheWhole(FirstFrame(MakeVideo(
        folder / "turned.mp4", "-i " + plain.string() + " -c copy -metadata:s:v rotate=" + degrees)));
  }
}

TEST(VideoFrameTest, APartHasThePixelsOfTheWholeOnSharedClips) {
  SEAM_NEEDS_SHARED("data/clips");
  const auto clips = SharedClips();
  for (std::size_t i = 0; i < clips.size(); i += 6) {
    SCOPED_TRACE(clips[i].string());
    ExpectPartsOfTheWhole(FirstFrame(clips[i]));
  }
}

// Every byte by chance, but for 10-bit samples, which end at 1023.
std::shared_ptr<AVFrame> NoiseFrame(AVPixelFormat format, const cv::Size& size, std::mt19937* random) {
  std::shared_ptr<AVFrame> frame(av_frame_alloc(), AvDeleter{});
  frame->format = format;
  frame->width = size.width;
  frame->height = size.height;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  for (int plane = 0; plane < AV_NUM_DATA_POINTERS && frame->buf[plane] != nullptr; ++plane) {
    const AVBufferRef& bytes = *frame->buf[plane];
    for (std::size_t i = 0; i < static_cast<std::size_t>(bytes.size); ++i) {
      const bool high = format == AV_PIX_FMT_YUV420P10LE && i % 2 == 1;
      bytes.data[i] = static_cast<std::uint8_t>((*random)() & (high ? 3U : 255U));
    }
  }
  return frame;
}

// As libswscale does it in one step: BT.601 as it stands.
cv::Mat PackedRgb(const AVFrame& frame, const cv::Size& size, int filter) {
  const AvPtr<SwsContext> scaler(sws_getContext(
      frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), size.width, size.height,
      AV_PIX_FMT_RGB24, filter | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(SWS_CS_ITU601), 0,
                           sws_getCoefficients(SWS_CS_ITU709), 1, 0, 1 << 16, 1 << 16);
  cv::Mat wide(size.height, (size.width / 64 + 2) * 64, CV_8UC3);
  std::uint8_t* rows[] = {wide.data, nullptr, nullptr, nullptr};
  const int strides[] = {static_cast<int>(wide.step[0]), 0, 0, 0};
  sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, rows, strides);
  return wide.colRange(0, size.width);
}

// Planes, packed rows and kept scalers are means to an end: no byte depends on them.
TEST(VideoFrameTest, PixelsAreThoseOfOneConversionToRgb) {
  std::mt19937 random(1);
  for (const AVPixelFormat format :
       {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV410P, AV_PIX_FMT_NV12,
        AV_PIX_FMT_YUVA420P, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUYV422, AV_PIX_FMT_GRAY8, AV_PIX_FMT_PAL8,
        AV_PIX_FMT_RGB24, AV_PIX_FMT_GBRP}) {
    for (const cv::Size& size : {cv::Size(400, 300), cv::Size(321, 240), cv::Size(640, 480),
                                 cv::Size(1000, 570), cv::Size(640, 8), cv::Size(96, 400)}) {
      SCOPED_TRACE(std::string(av_get_pix_fmt_name(format)) + " " + std::to_string(size.width));
      const std::shared_ptr<AVFrame> stored = NoiseFrame(format, size, &random);
      const VideoFrame frame(stored, {}, 1);
      EXPECT_EQ(cv::norm(frame.Picture(), PackedRgb(*stored, size, SWS_BICUBIC), cv::NORM_INF), 0);
      for (const int side : {320, 300, 240, 100}) {
        const cv::Mat small = frame.Shrunk(side);
        if (small.size() == size) continue;
        EXPECT_EQ(cv::norm(small, PackedRgb(*stored, small.size(), SWS_AREA), cv::NORM_INF), 0) << side;
      }
    }
  }
}

TEST(VideoFrameTest, ShrunkIsTheWholeAveraged) {
  const TemporaryFolder folder;
  for (const char* format : {"yuv420p", "yuv444p"}) {
    const VideoFrame frame = FirstFrame(MakeVideo(
        folder / "a.mp4",
        std::string("-f lavfi -i testsrc2=size=640x360:rate=5:duration=0.2 -qp 1 -pix_fmt ") + format));
    const cv::Mat small = frame.Shrunk(160);
    ASSERT_EQ(small.size(), cv::Size(160, 90));
    cv::Mat averaged;
    cv::resize(frame.Picture(), averaged, small.size(), 0, 0, cv::INTER_AREA);
    EXPECT_LT(cv::norm(small, averaged, cv::NORM_L1) / static_cast<double>(3 * small.total()), 2.0);
    EXPECT_EQ(VideoFrame(frame.Picture()).Shrunk(160).size(), small.size());
    EXPECT_EQ(frame.Shrunk(640).size(), frame.size()) << "never larger";
  }
}

// Stretched pixels: what is round when it is shown must be round in the picture.
TEST(VideoFrameTest, PixelsThatAreNotSquareAreMadeSquare) {
  const TemporaryFolder folder;
  const std::string source = "-f lavfi -i testsrc2=size=160x120:rate=5:duration=0.2 -pix_fmt yuv420p -vf ";
  const struct {
    const char* aspect;
    cv::Size shown;
  } cases[] = {{"2/1", {320, 120}}, {"16/15", {171, 120}}, {"1/2", {80, 120}}, {"1/1", {160, 120}}};
  for (const auto& [aspect, shown] : cases) {
    for (const char* name : {"a.mp4", "a.mkv"}) {
      SCOPED_TRACE(std::string(name) + " " + aspect);
      const VideoFrame frame =
          FirstFrame(MakeVideo(folder / name, source + "setsar=" + aspect + " -c:v libx264"));
      EXPECT_EQ(frame.size(), shown);
      EXPECT_EQ(frame.Shrunk(60).size(),
                cv::Size(cvRound(60.0 * shown.width / std::max(shown.width, shown.height)),
                         cvRound(60.0 * shown.height / std::max(shown.width, shown.height))));
      ExpectPartsOfTheWhole(frame);
    }
  }
}

TEST(VideoFrameTest, StretchedAndTurnedFramesAreStretchedFirst) {
  const TemporaryFolder folder;
  MakeVideo(
      folder / "wide.mp4",
      "-f lavfi -i testsrc2=size=160x120:rate=5:duration=0.2 -pix_fmt yuv420p -vf setsar=2/1 -c:v libx264");
  const VideoFrame frame = FirstFrame(MakeVideo(
      folder / "a.mp4", "-i " + (folder / "wide.mp4").string() + " -c copy -metadata:s:v rotate=90"));
  EXPECT_EQ(frame.size(), cv::Size(120, 320));
  ExpectPartsOfTheWhole(frame);
}

TEST(VideoFrameTest, SenselessPixelShapesAreTakenAsSquare) {
  const TemporaryFolder folder;
  EXPECT_EQ(FirstFrame(MakeVideo(folder / "a.mkv",
                                 "-f lavfi -i testsrc2=size=160x120:rate=5:duration=0.2 -vf setsar=1000/1 "
                                 "-c:v ffv1"))
                .size(),
            cv::Size(160, 120));
}

}  // namespace
}  // namespace seam
