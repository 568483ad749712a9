// Pictures as phones and cameras write them: turned by EXIF, and with more behind the picture.

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::string Encoded(const cv::Mat& rgb, const std::string& ending) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  cv::imencode(ending, bgr, bytes);
  return {bytes.begin(), bytes.end()};
}

std::string Number(std::size_t value, int bytes, bool big) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * (big ? bytes - 1 - i : i)) & 0xFF);
  return text;
}

// An EXIF block whose only entry is the orientation.
std::string Exif(int orientation, bool big) {
  std::string block = big ? std::string("MM\0*", 4) : std::string("II*\0", 4);
  block += Number(8, 4, big) + Number(1, 2, big);
  block += Number(274, 2, big) + Number(3, 2, big) + Number(1, 4, big) +
           Number(static_cast<std::size_t>(orientation), 2, big) + Number(0, 2, big);
  return block + Number(0, 4, big);
}

std::string Segment(char marker, const std::string& content) {
  return std::string("\xff") + marker + Number(content.size() + 2, 2, true) + content;
}

std::string InJpeg(const std::string& jpeg, const std::string& segment) {
  return jpeg.substr(0, 2) + segment + jpeg.substr(2);
}

std::string PngChunk(const std::string& name, const std::string& content) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : name + content) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return Number(content.size(), 4, true) + name + content + Number(~crc, 4, true);
}

std::string WebpChunk(const std::string& name, const std::string& content) {
  return name + Number(content.size(), 4, false) + content + std::string(content.size() % 2, '\0');
}

std::string WithExif(const std::string& picture, const std::string& ending, const std::string& exif,
                     const cv::Size& size) {
  if (ending == ".jpg") return InJpeg(picture, Segment('\xe1', std::string("Exif\0\0", 6) + exif));
  if (ending == ".png") return picture.substr(0, 33) + PngChunk("eXIf", exif) + picture.substr(33);
  const std::string header = Number(8, 1, false) + std::string(3, '\0') +
                             Number(static_cast<std::size_t>(size.width - 1), 3, false) +
                             Number(static_cast<std::size_t>(size.height - 1), 3, false);
  const std::string chunks =
      "WEBP" + WebpChunk("VP8X", header) + picture.substr(12) + WebpChunk("EXIF", exif);
  return "RIFF" + Number(chunks.size(), 4, false) + chunks;
}

// `upright` as it is stored under an orientation of EXIF.
cv::Mat Stored(const cv::Mat& upright, int orientation) {
  cv::Mat stored = upright.clone();
  switch (orientation) {
    case 2:
      cv::flip(upright, stored, 1);
      break;
    case 3:
      cv::flip(upright, stored, -1);
      break;
    case 4:
      cv::flip(upright, stored, 0);
      break;
    case 5:
      cv::transpose(upright, stored);
      break;
    case 6:
      cv::rotate(upright, stored, cv::ROTATE_90_COUNTERCLOCKWISE);
      break;
    case 7:
      cv::transpose(upright, stored);
      cv::flip(stored, stored, -1);
      break;
    case 8:
      cv::rotate(upright, stored, cv::ROTATE_90_CLOCKWISE);
      break;
    default:
      break;
  }
  return stored;
}

struct Seen {
  int frames = 0;
  cv::Mat first;
  std::string damage;
};

Seen See(const fs::path& path) {
  VideoReader reader(path);
  Seen seen;
  while (reader.Next()) {
    if (seen.frames++ == 0) seen.first = reader.Frame().Picture().clone();
  }
  seen.damage = reader.damage();
  return seen;
}

TEST(PhonePictureTest, ExifTurnsEveryKindOfPictureUpright) {
  const TemporaryFolder folder;
  const cv::Mat upright = QuarteredPicture(96, 64);
  for (const std::string ending : {".jpg", ".png", ".webp"}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      SCOPED_TRACE(ending + " " + std::to_string(orientation));
      const cv::Mat stored = Stored(upright, orientation);
      WriteFile(folder / "a", WithExif(Encoded(stored, ending), ending,
                                       Exif(orientation, orientation % 2 == 0), stored.size()));
      const Seen seen = See(folder / "a");
      ASSERT_EQ(seen.frames, 1);
      EXPECT_EQ(seen.damage, "");
      EXPECT_EQ(seen.first.size(), upright.size());
      EXPECT_EQ(QuarterColours(seen.first), "rgbw");
    }
  }
}

TEST(PhonePictureTest, DamagedExifTurnsNothing) {
  const TemporaryFolder folder;
  const cv::Mat picture = QuarteredPicture(96, 64);
  const std::string good = Exif(6, true);
  std::vector<std::string> blocks = {"", "MM", good.substr(0, 9), good.substr(0, 20)};
  std::string far = good, many = good, odd = good;
  far.replace(4, 4, "\xff\xff\xff\xf0");
  many.replace(8, 2, "\xff\xff");
  many.replace(10, 2, "\x01\x01");
  odd.replace(18, 2, "\x7f\x7f");
  blocks.insert(blocks.end(), {far, many, odd});
  for (const std::string ending : {".jpg", ".png", ".webp"}) {
    for (const std::string& block : blocks) {
      WriteFile(folder / "a", WithExif(Encoded(picture, ending), ending, block, picture.size()));
      const Seen seen = See(folder / "a");
      ASSERT_EQ(seen.frames, 1) << ending;
      EXPECT_EQ(QuarterColours(seen.first), "rgbw") << ending;
    }
  }
}

TEST(PhonePictureTest, OnlyTheFirstPictureOfAJpegIsTaken) {
  const TemporaryFolder folder;
  const std::string main = Encoded(QuarteredPicture(96, 64), ".jpg"),
                    map = Encoded(cv::Mat(32, 48, CV_8UC3, cv::Scalar(90, 90, 90)), ".jpg"),
                    other_eye = Encoded(cv::Mat(64, 96, CV_8UC3, cv::Scalar(9, 200, 9)), ".jpg");
  const std::string parts = Segment('\xe2', std::string("MPF\0", 4) + std::string(60, '\0'));
  const std::string thumbnail =
      Segment('\xe1', std::string("Exif\0\0", 6) + Exif(1, true) + Encoded(QuarteredPicture(16, 16), ".jpg"));
  const std::vector<std::string> files = {
      InJpeg(main, parts) + map,                                // a gain map
      main + map,                                               // one that nothing names
      InJpeg(main, parts) + other_eye,                          // MPO
      InJpeg(main, parts) + other_eye + other_eye + other_eye,  // MPO of four
      InJpeg(InJpeg(main, parts), thumbnail) + std::string(700, '\0') + map,
  };
  for (const std::string& bytes : files) {
    WriteFile(folder / "a.jpg", bytes);
    const Seen seen = See(folder / "a.jpg");
    EXPECT_EQ(seen.frames, 1);
    EXPECT_EQ(seen.damage, "");
    EXPECT_EQ(QuarterColours(seen.first), "rgbw");
    EXPECT_EQ(ScanVideo(folder / "a.jpg").packets, 1);
  }
}

TEST(PhonePictureTest, AFilmBehindAJpegIsPassedOver) {
  const TemporaryFolder folder;
  MadeVideo film;
  film.pictures = Noise(10, 96, 64);
  Write(film, folder / "film.mp4");
  const std::string jpeg = Encoded(QuarteredPicture(96, 64), ".jpg");
  WriteFile(folder / "a.jpg", jpeg + ReadFile(folder / "film.mp4"));
  const Seen seen = See(folder / "a.jpg");
  EXPECT_EQ(seen.frames, 1);
  EXPECT_EQ(seen.damage, "");
  EXPECT_EQ(QuarterColours(seen.first), "rgbw");
  WriteFile(folder / "cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  EXPECT_NE(See(folder / "cut.jpg").damage.find("cut off"), std::string::npos);
}

TEST(PhonePictureTest, BytesBehindAPngOrGifAreNoDamage) {
  const TemporaryFolder folder;
  const std::string png = Encoded(QuarteredPicture(96, 64), ".png"),
                    gif = ReadFile(
                        MakeVideo(folder / "a.gif", "-f lavfi -i testsrc2=size=96x64:rate=5:duration=1"));
  for (const std::string& behind : {std::string(5000, '\0'), std::string(5000, 'x')}) {
    WriteFile(folder / "a.png", png + behind);
    const Seen picture = See(folder / "a.png");
    EXPECT_EQ(picture.frames, 1);
    EXPECT_EQ(picture.damage, "");
    EXPECT_EQ(QuarterColours(picture.first), "rgbw");
    WriteFile(folder / "a.gif", gif + behind);
    const Seen animation = See(folder / "a.gif");
    EXPECT_EQ(animation.frames, 5);
    EXPECT_EQ(animation.damage, "");
  }
  WriteFile(folder / "cut.gif", gif.substr(0, gif.size() - 200));
  EXPECT_NE(See(folder / "cut.gif").damage.find("cut off"), std::string::npos);
  WriteFile(folder / "a.png", png + png);
  EXPECT_EQ(See(folder / "a.png").frames, 2);
}

TEST(PhonePictureTest, AJpegLsIsWhole) {
  const TemporaryFolder folder;
  const std::string whole = ReadFile(
      MakeVideo(folder / "a.jls", "-f lavfi -i testsrc2=size=96x64 -frames:v 1 -pix_fmt rgb24 -c:v jpegls"));
  EXPECT_EQ(See(folder / "a.jls").frames, 1);
  EXPECT_EQ(See(folder / "a.jls").damage, "");
  WriteFile(folder / "cut.jls", whole.substr(0, whole.size() - 20));
  EXPECT_NE(See(folder / "cut.jls").damage.find("cut off"), std::string::npos);
}

TEST(PhonePictureTest, ManyJpegsInARowAreAFilm) {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += Encoded(QuarteredPicture(96, 64), ".jpg");
  WriteFile(folder / "a.mjpg", bytes);
  const Seen seen = See(folder / "a.mjpg");
  EXPECT_EQ(seen.frames, 5);
  EXPECT_EQ(seen.damage, "");
}

}  // namespace
}  // namespace seam
