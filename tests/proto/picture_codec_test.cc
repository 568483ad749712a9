#include "proto/picture_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace seam {
namespace {

// Smooth with some noise, as photographs are.
cv::Mat Photograph(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  cv::RNG random(7);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.at<cv::Vec3b>(y, x) = {cv::saturate_cast<std::uint8_t>(2 * x + random.uniform(-9, 9)),
                                     cv::saturate_cast<std::uint8_t>(3 * y + random.uniform(-9, 9)),
                                     cv::saturate_cast<std::uint8_t>(x + y + random.uniform(-9, 9))};
    }
  }
  return picture;
}

cv::Mat Decoded(const std::string& bytes, int channels, std::string* problem = nullptr) {
  const PictureHead head = ReadPictureHead(bytes);
  cv::Mat picture =
      cv::Mat::zeros(static_cast<int>(head.height), static_cast<int>(head.width), CV_8UC(channels));
  const std::string found = DecodePixels(bytes, channels, picture.data);
  if (problem != nullptr)
    *problem = found;
  else
    EXPECT_EQ(found, "");
  return picture;
}

// What another reader makes of it.
cv::Mat Peer(const std::string& bytes, int channels) {
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  cv::Mat picture = cv::imdecode(copy, channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR);
  if (channels == 3 && !picture.empty()) cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  return picture;
}

double Difference(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

std::string Encoded(const std::string& ending, const cv::Mat& picture, const std::vector<int>& options = {}) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(ending, picture, bytes, options);
  return {bytes.begin(), bytes.end()};
}

TEST(PictureCodecTest, PngKeepsEveryPixelAtAnyEffortAndStride) {
  const cv::Mat picture = Photograph(37, 21), part = picture(cv::Rect(3, 4, 20, 11));
  for (const PngEffort effort : {PngEffort::kFast, PngEffort::kSmallest}) {
    const std::string bytes = EncodePng(MakeView(part), effort);
    EXPECT_EQ(Difference(Decoded(bytes, 3), part), 0);
    EXPECT_EQ(Difference(Peer(bytes, 3), part), 0);
  }
  EXPECT_LT(EncodePng(MakeView(picture), PngEffort::kSmallest).size(), EncodePng(MakeView(picture)).size());
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  EXPECT_EQ(Difference(Decoded(EncodePng(MakeView(grey)), 1), grey), 0);
}

TEST(PictureCodecTest, DecodesAsOpenCvDoes) {
  const cv::Mat picture = Photograph(51, 34);
  cv::Mat grey, clear, deep;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(picture, clear, cv::COLOR_RGB2BGRA);
  for (int x = 0; x < clear.cols; ++x) clear.at<cv::Vec4b>(5, x)[3] = static_cast<std::uint8_t>(4 * x);
  picture.convertTo(deep, CV_16U, 256);
  const std::vector<std::string> files = {
      Encoded(".jpg", picture, {cv::IMWRITE_JPEG_QUALITY, 81}),
      Encoded(".jpg", picture, {cv::IMWRITE_JPEG_PROGRESSIVE, 1, cv::IMWRITE_JPEG_QUALITY, 60}),
      Encoded(".jpg", grey),
      Encoded(".png", picture),
      Encoded(".png", grey),
      Encoded(".png", clear),
      Encoded(".png", deep),
      EncodeJpeg(MakeView(picture), 90, JpegSampling::k444),
      EncodeJpeg(MakeView(picture), 90, JpegSampling::k420),
      EncodeJpeg(MakeView(grey), 90, JpegSampling::k444)};
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (const int channels : {1, 3}) {
      // Grey of 16 bits is rounded before or after its weights.
      const int most = i == 6 && channels == 1 ? 1 : 0;
      EXPECT_LE(Difference(Decoded(files[i], channels), Peer(files[i], channels)), most)
          << i << " " << channels;
    }
  }
}

// So that training's augmentation and perturbed sets are what they were with OpenCV.
TEST(PictureCodecTest, JpegPixelsAreThoseThatOpenCvWrites) {
  const cv::Mat picture = Photograph(47, 29);
  cv::Mat bgr;
  cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
  for (const int quality : {1, 30, 75, 95, 100}) {
    const std::string theirs = Encoded(".jpg", bgr, {cv::IMWRITE_JPEG_QUALITY, quality});
    const std::string ours = EncodeJpeg(MakeView(picture), quality, JpegSampling::k420);
    EXPECT_EQ(Difference(Decoded(ours, 3), Decoded(theirs, 3)), 0) << quality;
  }
}

TEST(PictureCodecTest, RecompressesInPlace) {
  cv::Mat picture = Photograph(40, 40);
  const cv::Mat expected = Decoded(EncodeJpeg(MakeView(picture), 30, JpegSampling::k420), 3);
  Recompress(MakeView(picture), 30, picture.data);
  EXPECT_EQ(Difference(picture, expected), 0);
}

TEST(PictureCodecTest, HeadsTellTheSides) {
  const cv::Mat picture = Photograph(33, 18);
  for (const std::string& bytes :
       {EncodePng(MakeView(picture)), EncodeJpeg(MakeView(picture), 90, JpegSampling::k420)}) {
    EXPECT_EQ(ReadPictureHead(bytes).width, 33);
    EXPECT_EQ(ReadPictureHead(bytes).height, 18);
  }
  EXPECT_EQ(ReadPictureHead("GIF89a").format, PictureFormat::kOther);
  EXPECT_EQ(ReadPictureHead("\xff\xd8\xff").width, 0);
  EXPECT_EQ(ReadPictureHead("").format, PictureFormat::kOther);
}

TEST(PictureCodecTest, DamageIsTold) {
  const cv::Mat picture = Photograph(64, 64);
  for (std::string bytes :
       {EncodePng(MakeView(picture)), EncodeJpeg(MakeView(picture), 90, JpegSampling::k420)}) {
    std::string problem;
    Decoded(bytes.substr(0, bytes.size() / 2), 3, &problem);
    EXPECT_NE(problem.find("damaged"), std::string::npos) << problem;
  }
  std::string png = EncodePng(MakeView(picture)), problem;
  png[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 0x55);
  Decoded(png, 3, &problem);
  EXPECT_NE(problem, "");
}

TEST(PictureCodecTest, SidesBeyondTheFormatAreAnError) {
  const std::vector<std::uint8_t> row(70000);
  EXPECT_THROW(EncodeJpeg({row.data(), row.size(), 70000, 1, 1}, 90, JpegSampling::k420), Error);
}

}  // namespace
}  // namespace seam
