// Kinds of files beside mp4, jpg and png, made at run time: each is read, or named for what it is.

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>
#include <tiffio.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/tone_mapping.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_heif.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct Seen {
  std::vector<FrameStamp> stamps;
  cv::Mat first, last;
  std::string damage;
};

Seen See(const fs::path& path, const MediaLimits& limits = {}) {
  VideoReader reader(path, limits);
  Seen seen;
  while (const auto stamp = reader.Next()) {
    seen.stamps.push_back(*stamp);
    seen.last = reader.Frame().Picture().clone();
    if (seen.first.empty()) seen.first = seen.last;
  }
  seen.damage = reader.damage();
  return seen;
}

std::string Refusal(const fs::path& path) {
  return CatchMessage([&] { See(path); });
}

// A film of `seconds` whose quarters are red, green, blue and white.
std::string Quarters(const std::string& size, double seconds) {
  const std::string source = "color=c=red:s=" + size + ":r=25:d=" + std::to_string(seconds);
  return "-f lavfi -i \"" + source +
         ",drawbox=x=iw/2:y=0:w=iw/2:h=ih/2:c=0x00FF00:t=fill,drawbox=x=0:y=ih/2:w=iw/2:h=ih/2:c=blue:t=fill,"
         "drawbox=x=iw/2:y=ih/2:w=iw/2:h=ih/2:c=white:t=fill\" ";
}

TEST(OtherKindsTest, EveryKindOfFilmIsRead) {
  const TemporaryFolder folder;
  const struct {
    const char* name;
    const char* options;
    const char* size = "128x96";
  } kinds[] = {
      {"a.wmv", "-c:v wmv2"},
      {"a.asf", "-c:v msmpeg4"},
      {"a.mxf", "-c:v mpeg2video -pix_fmt yuv422p"},
      {"a.dv", "-c:v dvvideo -pix_fmt yuv420p", "720x576"},
      {"dv.avi", "-c:v dvvideo -pix_fmt yuv420p", "720x576"},
      {"a.h264", "-c:v libx264 -pix_fmt yuv420p"},
      {"a.h265", "-c:v libx265 -pix_fmt yuv420p -x265-params log-level=none"},
      {"a.m2v", "-c:v mpeg2video"},
      {"a.m4v", "-c:v mpeg4 -f m4v"},
      {"a.mjpeg", "-c:v mjpeg -pix_fmt yuvj420p"},
      {"a.ivf", "-c:v libvpx"},
      {"a.obu", "-c:v libaom-av1 -cpu-used 8 -f obu"},
      {"a.y4m", "-pix_fmt yuv420p"},
      {"a.apng", "-pix_fmt rgb24"},
      {"a.webp", "-c:v libwebp_anim -lossless 1"},
      {"a.mj2", "-c:v jpeg2000 -pix_fmt yuv420p -f mov"},
  };
  for (const auto& [name, options, size] : kinds) {
    SCOPED_TRACE(name);
    const fs::path video = MakeVideo(folder / name, Quarters(size, 0.4) + options);
    // The name decides nothing.
    fs::rename(video, folder / "film");
    const Seen seen = See(folder / "film");
    EXPECT_EQ(seen.damage, "");
    // The last of equal frames is left out of an animation by its writer.
    EXPECT_GE(seen.stamps.size(), std::string(name) == "a.webp" || std::string(name) == "a.apng" ? 1U : 10U);
    ASSERT_FALSE(seen.last.empty());
    EXPECT_EQ(QuarterColours(seen.last), "rgbw");
    EXPECT_EQ(ScanVideo(folder / "film").damage, "");
    EXPECT_EQ(ScanVideo(folder / "film").packets, static_cast<std::int64_t>(seen.stamps.size()));
  }
}

TEST(OtherKindsTest, AnAnimatedWebpHasItsFramesAndTimes) {
  const TemporaryFolder folder;
  const fs::path video = MakeVideo(
      folder / "a.webp", "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 -c:v libwebp_anim -lossless 1");
  const Seen seen = See(video);
  ASSERT_EQ(seen.stamps.size(), 10U);
  EXPECT_NEAR(seen.stamps.back().pts_seconds, 0.9, 1e-3);
  EXPECT_EQ(ScanVideo(video).times.size(), 10U);
  const std::string whole = ReadFile(video);
  for (const int percent : {10, 50, 90}) {
    WriteFile(folder / "cut.webp", whole.substr(0, whole.size() * static_cast<std::size_t>(percent) / 100));
    std::string told = Refusal(folder / "cut.webp");
    if (told.empty()) told = See(folder / "cut.webp").damage;
    EXPECT_NE(told, "") << percent;
  }
  MediaLimits limits;
  limits.max_pixels = 100;
  EXPECT_NE(CatchMessage([&] { See(video, limits); }).find("has frames of 64x48 pixels"), std::string::npos);
}

TEST(OtherKindsTest, Jpeg2000PicturesAreRead) {
  const TemporaryFolder folder;
  for (const char* format : {"jp2", "j2k"}) {
    const fs::path picture = MakeVideo(
        folder / "a.jp2", Quarters("128x96", 0.04) + "-frames:v 1 -c:v jpeg2000 -pix_fmt rgb24 -format " +
                              format + " -f image2");
    const Seen seen = See(picture);
    ASSERT_EQ(seen.stamps.size(), 1U) << format;
    EXPECT_EQ(QuarterColours(seen.first), "rgbw") << format;
    EXPECT_EQ(seen.damage, "") << format;
  }
}

// The picture as a tiff, coded and turned as libtiff's numbers say; with the mode "a" behind what the file
// holds.
void WriteTiff(const fs::path& path, const cv::Mat& rgb, int coding, int orientation = 1, bool tiled = false,
               std::uint32_t subfile = 0, const char* mode = "w") {
  TIFF* tiff = TIFFOpen(path.c_str(), mode);
  ASSERT_NE(tiff, nullptr);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, rgb.cols);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, rgb.rows);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, rgb.depth() == CV_16U ? 16 : 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, coding);
  TIFFSetField(tiff, TIFFTAG_ORIENTATION, orientation);
  TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, subfile);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, coding == COMPRESSION_JPEG ? PHOTOMETRIC_YCBCR : PHOTOMETRIC_RGB);
  if (coding == COMPRESSION_JPEG) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  cv::Mat rows = rgb.clone();
  if (tiled) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 32);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, 32);
    for (int y = 0; y < rows.rows; y += 32) {
      for (int x = 0; x < rows.cols; x += 32) {
        cv::Mat tile = rows(cv::Rect(x, y, 32, 32)).clone();
        TIFFWriteTile(tiff, tile.data, static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 0, 0);
      }
    }
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 16);
    for (int y = 0; y < rows.rows; ++y)
      TIFFWriteScanline(tiff, rows.ptr(y), static_cast<std::uint32_t>(y), 0);
  }
  TIFFClose(tiff);
}

TEST(OtherKindsTest, TiffIsReadInEachOfItsWaysOfCoding) {
  const TemporaryFolder folder;
  const cv::Mat picture = QuarteredPicture(96, 64);
  for (const int coding : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_JPEG, COMPRESSION_ADOBE_DEFLATE,
                           COMPRESSION_PACKBITS, COMPRESSION_ZSTD}) {
    for (const bool tiled : {false, true}) {
      SCOPED_TRACE(std::to_string(coding) + (tiled ? " in tiles" : ""));
      WriteTiff(folder / "a.tif", picture, coding, 1, tiled);
      const Seen seen = See(folder / "a.tif");
      ASSERT_EQ(seen.stamps.size(), 1U);
      EXPECT_EQ(seen.damage, "");
      EXPECT_EQ(QuarterColours(seen.first), "rgbw");
    }
    // A strip that is not there. The index stands behind the strips, so a file cut in two has none.
    const std::string whole = ReadFile(folder / "a.tif");
    for (const std::size_t size : {std::size_t{6}, whole.size() / 2, whole.size() - 30}) {
      WriteFile(folder / "cut.tif", whole.substr(0, size));
      std::string told = Refusal(folder / "cut.tif");
      if (told.empty()) told = See(folder / "cut.tif").damage;
      EXPECT_NE(told, "") << size;
    }
  }
  cv::Mat deep;
  picture.convertTo(deep, CV_16U, 257);
  WriteTiff(folder / "deep.tif", deep, COMPRESSION_NONE);
  EXPECT_EQ(QuarterColours(See(folder / "deep.tif").first), "rgbw");
  MediaLimits limits;
  limits.max_pixels = 100;
  EXPECT_NE(CatchMessage([&] { See(folder / "deep.tif", limits); }).find("has frames of 96x64 pixels"),
            std::string::npos);
}

TEST(OtherKindsTest, ATiffIsThePictureAndNotTheSmallerFormBeforeIt) {
  const TemporaryFolder folder;
  const cv::Mat preview(8, 12, CV_8UC3, cv::Scalar(90, 90, 90));
  WriteTiff(folder / "a.tif", preview, COMPRESSION_NONE, 1, false, FILETYPE_REDUCEDIMAGE);
  EXPECT_NE(Refusal(folder / "a.tif").find("of which only a preview is there"), std::string::npos);
  WriteTiff(folder / "a.tif", QuarteredPicture(96, 64), COMPRESSION_LZW, 1, false, 0, "a");
  const Seen seen = See(folder / "a.tif");
  ASSERT_EQ(seen.first.size(), cv::Size(96, 64));
  EXPECT_EQ(QuarterColours(seen.first), "rgbw");
}

TEST(OtherKindsTest, ATiffIsItsLargePictureWhereThePreviewIsNotMarked) {
  const TemporaryFolder folder;
  const cv::Mat preview(8, 12, CV_8UC3, cv::Scalar(90, 90, 90));
  WriteTiff(folder / "a.tif", preview, COMPRESSION_NONE);
  WriteTiff(folder / "a.tif", QuarteredPicture(96, 64), COMPRESSION_LZW, 1, false, 0, "a");
  EXPECT_EQ(QuarterColours(See(folder / "a.tif").first), "rgbw");
  // Pages of one size are read from the first on.
  WriteTiff(folder / "b.tif", QuarteredPicture(96, 64), COMPRESSION_LZW);
  WriteTiff(folder / "b.tif", cv::Mat(70, 100, CV_8UC3, cv::Scalar(90, 90, 90)), COMPRESSION_NONE, 1, false,
            0, "a");
  EXPECT_EQ(QuarterColours(See(folder / "b.tif").first), "rgbw");
}

TEST(OtherKindsTest, TiffIsTurnedUpright) {
  const TemporaryFolder folder;
  const cv::Mat upright = QuarteredPicture(96, 64);
  const struct {
    int orientation;
    std::function<void(const cv::Mat&, cv::Mat&)> store;
  } cases[] = {
      {2, [](const cv::Mat& from, cv::Mat& to) { cv::flip(from, to, 1); }},
      {3, [](const cv::Mat& from, cv::Mat& to) { cv::flip(from, to, -1); }},
      {4, [](const cv::Mat& from, cv::Mat& to) { cv::flip(from, to, 0); }},
      {5, [](const cv::Mat& from, cv::Mat& to) { cv::transpose(from, to); }},
      {6, [](const cv::Mat& from, cv::Mat& to) { cv::rotate(from, to, cv::ROTATE_90_COUNTERCLOCKWISE); }},
      {8, [](const cv::Mat& from, cv::Mat& to) { cv::rotate(from, to, cv::ROTATE_90_CLOCKWISE); }}};
  for (const auto& [orientation, store] : cases) {
    SCOPED_TRACE(orientation);
    cv::Mat stored;
    store(upright, stored);
    WriteTiff(folder / "a.tif", stored, COMPRESSION_LZW, orientation);
    const Seen seen = See(folder / "a.tif");
    ASSERT_EQ(seen.first.size(), upright.size());
    EXPECT_EQ(QuarterColours(seen.first), "rgbw");
  }
}

TEST(OtherKindsTest, HeicIsReadAndDamageTold) {
  const fs::path heic = SharedPath("cases/gradient_10bit.heic");
  if (!fs::exists(heic)) GTEST_SKIP() << "needs " << heic;
  const TemporaryFolder folder;
  const Seen seen = See(heic);
  ASSERT_EQ(seen.stamps.size(), 1U);
  EXPECT_EQ(seen.damage, "");
  EXPECT_EQ(ScanVideo(heic).packets, 1);
  cv::Scalar mean, deviation;
  cv::meanStdDev(seen.first, mean, deviation);
  EXPECT_GT(deviation[0] + deviation[1] + deviation[2], 10);
  const std::string whole = ReadFile(heic);
  for (const std::size_t size : {std::size_t{40}, whole.size() / 3, whole.size() / 2, whole.size() - 20}) {
    WriteFile(folder / "cut.heic", whole.substr(0, size));
    std::string told = Refusal(folder / "cut.heic");
    if (told.empty()) told = See(folder / "cut.heic").damage;
    EXPECT_NE(told, "") << size;
  }
  std::string hurt = whole;
  for (std::size_t i = hurt.size() / 2; i < hurt.size() / 2 + 200; ++i) hurt[i] = static_cast<char>(i * 7);
  WriteFile(folder / "hurt.heic", hurt);
  CatchMessage([&] { See(folder / "hurt.heic"); });  // neither a crash nor a hang
}

TEST(OtherKindsTest, HeicOfPhonesIsPutTogetherAndTurnedUpright) {
  const TemporaryFolder folder;
  const struct {
    int tiles;  // along each side
    cv::Size shown;
    int turns, mirror;
    const char* colours;
    cv::Size size;
  } cases[] = {
      {1, {}, 0, -1, "rgbw", {128, 128}},         {2, {}, 0, -1, "rgbw", {128, 128}},
      {2, {120, 100}, 0, -1, "rgbw", {120, 100}}, {2, {120, 100}, 1, -1, "gwrb", {100, 120}},
      {2, {120, 100}, 2, -1, "wbgr", {120, 100}}, {2, {120, 100}, 3, -1, "brwg", {100, 120}},
      {1, {}, 0, 1, "grwb", {128, 128}},          {1, {}, 0, 0, "bwrg", {128, 128}},
      {1, {}, 1, 1, "wgbr", {128, 128}},
  };
  for (const auto& [tiles, shown, turns, mirror, colours, size] : cases) {
    SCOPED_TRACE(std::string(colours) + " " + std::to_string(tiles));
    MadeHeif heif;
    heif.picture = QuarteredPicture(128, 128);
    heif.columns = heif.rows = tiles;
    heif.shown = shown;
    heif.turns = turns;
    heif.mirror = mirror;
    WriteFile(folder / "a.heic", Encoded(heif));
    const Seen seen = See(folder / "a.heic");
    ASSERT_EQ(seen.stamps.size(), 1U);
    EXPECT_EQ(seen.damage, "");
    EXPECT_EQ(seen.first.size(), size);
    EXPECT_EQ(QuarterColours(seen.first), colours);
  }
}

TEST(OtherKindsTest, AvifIsRead) {
  const TemporaryFolder folder;
  const fs::path picture =
      MakeVideo(folder / "a.avif",
                Quarters("128x96", 0.04) + "-frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1");
  const Seen seen = See(picture);
  ASSERT_EQ(seen.stamps.size(), 1U);
  EXPECT_EQ(QuarterColours(seen.first), "rgbw");
  EXPECT_EQ(seen.damage, "");
}

TEST(OtherKindsTest, AFilmBehindAHeicOrAvifIsPassedOver) {
  const TemporaryFolder folder;
  MadeHeif heif;
  heif.picture = QuarteredPicture(128, 128);
  heif.columns = heif.rows = 2;
  const std::string avif =
      ReadFile(MakeVideo(folder / "a.avif", Quarters("128x128", 0.04) +
                                                "-frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1"));
  const std::string film = ReadFile(
      MakeVideo(folder / "film.mp4", "-f lavfi -i testsrc2=size=96x64:rate=25:duration=1 -c:v libx264"));
  std::string boxed = std::string("\0\0\0\0mpvd", 8) + film;  // as one box, or as it stands
  for (int i = 0; i < 4; ++i)
    boxed[static_cast<std::size_t>(i)] = static_cast<char>(boxed.size() >> (24 - 8 * i));
  for (const std::string& picture : {Encoded(heif), avif}) {
    for (const std::string& behind : {film, boxed}) {
      WriteFile(folder / "a.heic", picture + behind);
      const Seen seen = See(folder / "a.heic");
      ASSERT_EQ(seen.stamps.size(), 1U);
      EXPECT_EQ(seen.damage, "");
      EXPECT_EQ(seen.first.size(), cv::Size(128, 128));
      EXPECT_EQ(QuarterColours(seen.first), "rgbw");
    }
  }
}

// What a decoder finds wrong is in our own errors, in one line.
TEST(OtherKindsTest, ADamagedAvifWritesNothingToTheConsole) {
  const TemporaryFolder folder;
  const std::string whole =
      ReadFile(MakeVideo(folder / "a.avif", Quarters("128x96", 0.04) +
                                                "-frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1"));
  const std::size_t data = whole.find("mdat") + 4;
  MediaLimits limits;
  limits.isolation = "none";  // the other process has no console
  testing::internal::CaptureStderr();
  int told = 0;
  for (std::size_t i = 0; i < 24; ++i) {
    std::string hurt = whole;
    for (std::size_t k = 0; k < 3; ++k) hurt[data + i + k] = static_cast<char>(hurt[data + i + k] ^ 0x5A);
    WriteFile(folder / "hurt.avif", hurt);
    std::string damage;
    const std::string refusal = CatchMessage([&] { damage = See(folder / "hurt.avif", limits).damage; });
    damage += refusal;
    told += damage.empty() ? 0 : 1;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(told, 3);
}

TEST(OtherKindsTest, WhatIsNotReadIsNamed) {
  const TemporaryFolder folder;
  // The letters of the codec in an mp4, the name in a matroska file, the number in a transport stream.
  MakeVideo(folder / "a.mp4", Quarters("64x48", 0.4) + "-c:v libx264");
  std::string bytes = ReadFile(folder / "a.mp4");
  bytes.replace(bytes.find("avc1", bytes.find("stsd")), 4, "vvc1");
  WriteFile(folder / "vvc.mp4", bytes);
  EXPECT_NE(Refusal(folder / "vvc.mp4").find("is coded as VVC (H.266), which Seam does not decode"),
            std::string::npos)
      << Refusal(folder / "vvc.mp4");
  MakeVideo(folder / "a.mkv", Quarters("64x48", 0.4) + "-c:v libx264");
  bytes = ReadFile(folder / "a.mkv");
  bytes.replace(bytes.find("V_MPEG4/ISO/AVC"), 15, "V_MPEGI/ISO/VVC");
  WriteFile(folder / "vvc.mkv", bytes);
  EXPECT_NE(Refusal(folder / "vvc.mkv").find("VVC (H.266)"), std::string::npos)
      << Refusal(folder / "vvc.mkv");
  WriteFile(folder / "a.266", std::string("\0\0\0\1\0\x79\0\x0b", 8) + std::string(5000, '\x55'));
  EXPECT_NE(Refusal(folder / "a.266").find("VVC (H.266)"), std::string::npos) << Refusal(folder / "a.266");
  WriteFile(folder / "a.jxl", "\xff\x0a" + std::string(500, '\x55'));
  EXPECT_NE(Refusal(folder / "a.jxl").find("JPEG XL"), std::string::npos);
  MakeVideo(folder / "snow.avi", Quarters("64x48", 0.4) + "-c:v snow -strict experimental");
  EXPECT_NE(Refusal(folder / "snow.avi").find("is coded as Snow, which Seam does not decode"),
            std::string::npos)
      << Refusal(folder / "snow.avi");
}

TEST(OtherKindsTest, EncryptedFilmsSaySo) {
  const TemporaryFolder folder;
  const std::string key =
      "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb "
      "-encryption_kid a7e61c373e219033c21091fa607bf3b8 ";
  MakeVideo(folder / "a.mp4", Quarters("64x48", 0.4) + "-c:v libx264 " + key);
  MakeVideo(folder / "fragments.mp4",
            Quarters("64x48", 0.4) + "-c:v libx264 -movflags frag_keyframe+empty_moov " + key);
  MakeVideo(folder / "a.ts", Quarters("64x48", 0.4) + "-c:v libx264");
  std::string scrambled = ReadFile(folder / "a.ts");
  for (std::size_t at = 0; at + 188 <= scrambled.size(); at += 188) {
    const int pid = (scrambled[at + 1] & 0x1F) << 8 | static_cast<unsigned char>(scrambled[at + 2]);
    if (pid >= 0x100) scrambled[at + 3] = static_cast<char>(scrambled[at + 3] | 0x80);
  }
  WriteFile(folder / "a.ts", scrambled);
  for (const char* name : {"a.mp4", "fragments.mp4", "a.ts"}) {
    EXPECT_NE(Refusal(folder / name).find("is encrypted"), std::string::npos)
        << name << Refusal(folder / name);
    EXPECT_NE(CatchMessage([&] { ScanVideo(folder / name); }).find("is encrypted"), std::string::npos)
        << name;
  }
}

TEST(OtherKindsTest, AnAviWithFramesOutOfOrderHasItsTimes) {
  const TemporaryFolder folder;
  for (const char* codec : {"libx264 -bf 2", "mpeg4 -bf 2", "libxvid -bf 2"}) {
    SCOPED_TRACE(codec);
    const fs::path video = MakeVideo(
        folder / "a.avi", std::string("-f lavfi -i testsrc2=size=128x96:rate=25:duration=4 -c:v ") + codec);
    const Seen seen = See(video);
    ASSERT_GE(seen.stamps.size(), 98U);  // some encoders leave the last ones out
    // This encoder leaves a gap behind the first frame.
    const std::size_t first = std::string(codec).starts_with("libxvid") ? 2 : 1;
    for (std::size_t i = first; i < seen.stamps.size(); ++i)
      ASSERT_NEAR(seen.stamps[i].pts_seconds - seen.stamps[i - 1].pts_seconds, 0.04, 1e-6) << i;
  }
}

TEST(OtherKindsTest, FramesBeforeTheFirstKeyFrameAreLeftOut) {
  const TemporaryFolder folder;
  const fs::path whole = MakeVideo(folder / "whole.mkv",
                                   "-f lavfi -i color=c=0x2040C0:s=128x96:r=25:d=3 -c:v libx265 -x265-params "
                                   "open-gop=1:keyint=25:min-keyint=25:bframes=4:log-level=none");
  for (const char* name : {"cut.mkv", "cut.ts", "cut.mp4", "cut.h265"}) {
    SCOPED_TRACE(name);
    MakeVideo(folder / name, "-i " + whole.string() + " -c copy -bsf:v \"noise=drop='lt(n,10)'\"");
    VideoReader reader(folder / name);
    int frames = 0;
    while (reader.Next()) {
      const cv::Scalar mean = cv::mean(reader.Frame().Picture());
      EXPECT_GT(mean[2], mean[0] + 60) << frames;  // blue, not grey
      ++frames;
    }
    EXPECT_GE(frames, 45);
    EXPECT_EQ(reader.damage(), "");
    EXPECT_GT(ScanVideo(folder / name).left_out, 0);
    EXPECT_EQ(ScanVideo(folder / name).damage, "");
  }
}

MediaLimits Here() {
  MediaLimits limits;
  limits.isolation = "none";
  return limits;
}

// Frames of 25 a second, one after the other; where the second half begins there may be a small gap.
void ExpectToGoOn(const std::vector<FrameStamp>& stamps, std::size_t frames) {
  ASSERT_EQ(stamps.size(), frames);
  for (std::size_t i = 1; i < frames; ++i)
    ASSERT_NEAR(stamps[i].pts_seconds - stamps[i - 1].pts_seconds, 0.04, i == frames / 2 ? 0.15 : 0.001) << i;
}

TEST(OtherKindsTest, JoinedTransportStreamsAreWholeAndTheirTimesGoOn) {
  const TemporaryFolder folder;
  for (const char* codec : {"libx264 -bf 2", "mpeg2video -bf 0"}) {
    const auto made = [&](const std::string& offset) {
      return ReadFile(MakeVideo(folder / "a.ts", "-f lavfi -i testsrc2=size=128x96:rate=25:duration=2 -c:v " +
                                                     std::string(codec) + " -output_ts_offset " + offset));
    };
    const std::string one = made("0"), next = made("2.1"), later = made("30"), hours = made("7200");
    // The second has nothing to tell the joint by but its counters.
    for (const std::string& joined :
         {one + one, one + next, one + later, later + one, one + hours, hours + one}) {
      SCOPED_TRACE(codec);
      WriteFile(folder / "joined.ts", joined);
      const Seen seen = See(folder / "joined.ts", Here());
      ExpectToGoOn(seen.stamps, 100);
      EXPECT_EQ(seen.damage, "");
      const VideoScan scan = ScanVideo(folder / "joined.ts", Here());
      EXPECT_EQ(scan.damage, "");
      EXPECT_TRUE(scan.ascending);
      EXPECT_NEAR(scan.times.back() - scan.times.front(), 3.96, 0.15);
    }
  }
}

TEST(OtherKindsTest, JoinedOggsAreWhole) {
  const TemporaryFolder folder;
  const std::string one = ReadFile(
      MakeVideo(folder / "a.ogv", "-f lavfi -i testsrc2=size=128x96:rate=25:duration=1 -c:v libtheora"));
  WriteFile(folder / "joined.ogv", one + one);
  const Seen seen = See(folder / "joined.ogv", Here());
  ExpectToGoOn(seen.stamps, 50);
  EXPECT_EQ(seen.damage, "");
  EXPECT_EQ(ScanVideo(folder / "joined.ogv", Here()).packets, 50);
}

TEST(OtherKindsTest, FramesWithoutATimeFollowTheOneBefore) {
  const TemporaryFolder folder;
  const fs::path whole = MakeVideo(
      folder / "a.mpg", "-f lavfi -i testsrc2=size=128x96:rate=25:duration=2 -c:v mpeg2video -bf 2 -g 12");
  MakeVideo(folder / "cut.mpg", "-ss 0.9 -i " + whole.string() + " -c copy -copyinkf");
  const Seen seen = See(folder / "cut.mpg", Here());
  ASSERT_GT(seen.stamps.size(), 20U);
  for (std::size_t i = 1; i < seen.stamps.size(); ++i)
    EXPECT_GT(seen.stamps[i].pts_seconds, seen.stamps[i - 1].pts_seconds) << i;
}

TEST(OtherKindsTest, ATrackOfDepthOrTransparencyIsNotTheFilm) {
  const TemporaryFolder folder;
  // Of the two, libav would take the one with more in it.
  std::string bytes = ReadFile(
      MakeVideo(folder / "a.mp4", Quarters("96x64", 1) +
                                      "-f lavfi -i testsrc2=size=320x240:rate=25:duration=1 -map 0:v "
                                      "-map 1:v -disposition:v default -c:v libx264"));
  EXPECT_NE(QuarterColours(See(folder / "a.mp4").first), "rgbw");
  const std::size_t last = bytes.rfind("vide", bytes.rfind("vmhd"));
  ASSERT_NE(last, std::string::npos);
  WriteFile(folder / "a.mp4", bytes.replace(last, 4, "auxv"));
  EXPECT_EQ(QuarterColours(See(folder / "a.mp4").first), "rgbw");
}

TEST(OtherKindsTest, JoinedProgramStreamsAreWholeWhenTheirSizeChanges) {
  const TemporaryFolder folder;
  const auto made = [&](const std::string& size) {
    return ReadFile(MakeVideo(folder / "a.mpg", "-f lavfi -i testsrc2=rate=25:duration=2:size=" + size +
                                                    " -c:v mpeg2video -f vob"));
  };
  const std::string large = made("320x240"), small = made("128x96");
  for (const std::string& joined : {large + small, small + large}) {
    WriteFile(folder / "joined.mpg", joined);
    const Seen seen = See(folder / "joined.mpg", Here());
    EXPECT_EQ(seen.damage, "");
    EXPECT_GE(seen.stamps.size(), 99U);  // the decoder holds one back where the size changes
    EXPECT_NEAR(seen.stamps.back().pts_seconds - seen.stamps.front().pts_seconds, 3.96, 0.05);
  }
}

TEST(OtherKindsTest, AStreamThatLosesPacketsIsStillDamaged) {
  const TemporaryFolder folder;
  const std::string whole = ReadFile(
      MakeVideo(folder / "a.ts", "-f lavfi -i testsrc2=size=320x240:rate=25:duration=3 -c:v libx264"));
  const std::size_t packets = whole.size() / 188;
  for (std::size_t place = 1; place < 12; ++place) {
    std::string bytes = whole;
    bytes.erase(packets * place / 12 * 188, (15 + place) * 188);
    WriteFile(folder / "a.ts", bytes);
    EXPECT_NE(ScanVideo(folder / "a.ts", Here()).damage, "") << place;
  }
}

TEST(OtherKindsTest, HighDynamicRangeIsMappedToTheUsualOne) {
  const TemporaryFolder folder;
  for (const char* transfer : {"smpte2084", "arib-std-b67"}) {
    SCOPED_TRACE(transfer);
    const std::string source =
        "-f lavfi -i \"color=c=0xB08060:s=128x96:r=5:d=0.4,format=gbrp,zscale=matrixin=gbr:";
    const fs::path video = MakeVideo(
        folder / "a.mkv", source + "transferin=bt709:primariesin=bt709:transfer=" + transfer +
                              ":primaries=bt2020:matrix=bt2020nc:range=limited,format=yuv420p10\" -c:v ffv1 "
                              "-color_primaries bt2020 -colorspace bt2020nc -color_trc " +
                              transfer);
    VideoReader reader(video);
    ASSERT_TRUE(reader.Next());
    EXPECT_NE(reader.Frame().dynamic_range(), DynamicRange::kStandard);
    const cv::Mat picture = reader.Frame().Picture();
    const cv::Scalar mean = cv::mean(picture);
    // A little darker, since films made for such screens are brighter than this one; the hue stays.
    EXPECT_NEAR(mean[0], 0xB0, 40);
    EXPECT_NEAR(mean[1], 0x80, 35);
    EXPECT_NEAR(mean[2], 0x60, 30);
    EXPECT_GT(mean[0], mean[1] + 25);
    EXPECT_GT(mean[1], mean[2] + 15);
    EXPECT_EQ(cv::norm(reader.Frame().Part({16, 8, 40, 30}), picture({16, 8, 40, 30}), cv::NORM_INF), 0);
    VideoReader still(MakeVideo(
        folder / "a.avif", "-i " + video.string() +
                               " -frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1 -color_primaries "
                               "bt2020 -colorspace bt2020nc -color_trc " +
                               transfer));
    ASSERT_TRUE(still.Next());
    EXPECT_EQ(still.Frame().dynamic_range(), reader.Frame().dynamic_range());
    const cv::Scalar same = cv::mean(still.Frame().Picture());
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(same[c], mean[c], 4) << c;
  }
}

TEST(OtherKindsTest, ContainersTellOfHighDynamicRangeWhereTheCodecDoesNot) {
  const TemporaryFolder folder;
  for (const char* name : {"a.mov", "a.mkv", "a.mxf"}) {
    SCOPED_TRACE(name);
    const fs::path video =
        MakeVideo(folder / name,
                  "-f lavfi -i testsrc2=size=320x240:rate=25:duration=0.2 -pix_fmt yuv422p10le -c:v " +
                      std::string(name == std::string("a.mxf") ? "dnxhd -profile:v dnxhr_hqx" : "prores_ks") +
                      " -color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc" +
                      (name == std::string("a.mov") ? " -movflags write_colr" : ""));
    VideoReader reader(video);
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.Frame().dynamic_range(), DynamicRange::kHlg);
  }
}

TEST(OtherKindsTest, DolbyVisionWithoutAnotherBaseIsToldAndNotScored) {
  const TemporaryFolder folder;
  MadeVideo video;
  video.codec = "libx265";
  video.encoder_options = "x265-params=log-level=none";
  video.muxer_options = "strict=unofficial";
  video.pictures = Noise(3, 64, 64);
  for (const int profile : {5, 8}) {
    video.dolby_vision = profile;
    Write(video, folder / "a.mp4");
    const std::string words =
        profile == 5 ? "is a Dolby Vision film whose colours only such a player can show" : "";
    for (const std::string& told :
         {Refusal(folder / "a.mp4"), CatchMessage([&] { ScanVideo(folder / "a.mp4"); })}) {
      EXPECT_NE(told.find(words), std::string::npos) << told;
      EXPECT_EQ(told.empty(), profile == 8) << told;
    }
  }
}

TEST(OtherKindsTest, BrighterThanWhiteIsCompressedAndNothingIsTurnedOver) {
  cv::Mat ramp(1, 1024, CV_16UC3);
  for (int x = 0; x < ramp.cols; ++x)
    ramp.at<cv::Vec3w>(x) = cv::Vec3w::all(static_cast<std::uint16_t>(x * 64));
  for (const DynamicRange range : {DynamicRange::kPq, DynamicRange::kHlg}) {
    const cv::Mat mapped = ToneMapped(ramp, range, ColourGamut::kBt2020);
    for (int x = 1; x < mapped.cols; ++x)
      ASSERT_GE(mapped.at<cv::Vec3b>(x)[1], mapped.at<cv::Vec3b>(x - 1)[1]) << x;
    EXPECT_LE(mapped.at<cv::Vec3b>(0)[1], 2);
    EXPECT_GE(mapped.at<cv::Vec3b>(mapped.cols - 1)[1], 253);
  }
}

TEST(OtherKindsTest, FramesAreTurnedAsAskedFor) {
  const cv::Mat picture = QuarteredPicture(96, 64);
  const VideoFrame frame(picture);
  const VideoFrame right = frame.Turned({true, true, false});
  EXPECT_EQ(right.size(), cv::Size(64, 96));
  EXPECT_EQ(QuarterColours(right.Picture()), "brwg");
  EXPECT_EQ(QuarterColours(right.Turned({true, true, false}).Picture()), "wbgr");
  EXPECT_EQ(QuarterColours(right.Turned({true, false, true}).Picture()), "rgbw");
}

}  // namespace
}  // namespace seam
