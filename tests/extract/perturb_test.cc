#include "extract/faces/perturb.h"

#include <cmath>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_video.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

cv::Mat Plain(int width, int height, int red, int green, int blue) {
  return {height, width, CV_8UC3, cv::Scalar(red, green, blue)};
}

cv::Mat Done(const cv::Mat& picture, const std::string& text, std::uint64_t seed = 1) {
  return Perturbed(picture, ParsePerturbation("--perturb", text), seed);
}

bool Same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

// Y' of (200, 100, 50) is 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2; at level 1 every component keeps
// 0.4 of its distance: 124.2 + 0.4 * 75.8 = 154.5, 124.2 - 0.4 * 24.2 = 114.5, 124.2 - 0.4 * 74.2 = 94.5.
TEST(PerturbTest, SaturationScalesTheDistanceFromLuma) {
  const cv::Vec3b pixel = Done(Plain(4, 4, 200, 100, 50), "saturation:1").at<cv::Vec3b>(1, 1);
  EXPECT_NEAR(pixel[0], 154.5, 0.6);
  EXPECT_NEAR(pixel[1], 114.5, 0.6);
  EXPECT_NEAR(pixel[2], 94.5, 0.6);
  EXPECT_EQ(Done(Plain(4, 4, 200, 100, 50), "saturation:5").at<cv::Vec3b>(0, 0), cv::Vec3b(124, 124, 124));
}

TEST(PerturbTest, ContrastScalesAllComponents) {
  EXPECT_EQ(Done(Plain(4, 4, 200, 100, 50), "contrast:3").at<cv::Vec3b>(0, 0), cv::Vec3b(120, 60, 30));
}

// 512 x 300: twice 256 on no side but once on the shorter, so 16 blocks at level 1, of 64 pixels each.
TEST(PerturbTest, BlocksAreGreySquaresOfEight) {
  const cv::Mat changed = Done(Plain(512, 300, 0, 0, 0), "blocks:1");
  cv::Mat grey;
  cv::inRange(changed, cv::Scalar::all(128), cv::Scalar::all(128), grey);
  const int count = cv::countNonZero(grey);
  EXPECT_LE(count, 16 * 64);
  EXPECT_GT(count, 12 * 64);  // some overlap
  EXPECT_EQ(cv::countNonZero(changed.reshape(1) != 0), 3 * count);
  EXPECT_TRUE(Same(Done(Plain(255, 300, 0, 0, 0), "blocks:5"), Plain(255, 300, 0, 0, 0)));
}

// Variance 0.001: a deviation of 0.0316 of luma's span, 0.0316 * 255 * 255 / 219 = 9.39 steps of luma.
TEST(PerturbTest, NoiseHasTheVarianceInLuma) {
  const cv::Mat changed = Done(Plain(256, 256, 128, 128, 128), "noise:1");
  cv::Mat as_float;
  changed.convertTo(as_float, CV_32FC3);
  std::vector<cv::Mat> rgb;
  cv::split(as_float, rgb);
  const cv::Mat luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  cv::Scalar mean, deviation;
  cv::meanStdDev(luma, mean, deviation);
  EXPECT_NEAR(mean[0], 128, 0.2);
  EXPECT_NEAR(deviation[0], std::sqrt(0.001) * 255 * 255 / 219, 0.15);
}

TEST(PerturbTest, BlurIsTheNamedGaussian) {
  const cv::Mat picture = Noise(1, 64, 48)[0];
  cv::Mat expected;
  cv::GaussianBlur(picture, expected, {13, 13}, 13 / 6.0);
  EXPECT_TRUE(Same(Done(picture, "blur:3"), expected));
}

TEST(PerturbTest, PixelationKeepsTheSizeAndResizeDoesNot) {
  const cv::Mat picture = Noise(1, 65, 48)[0];
  EXPECT_EQ(Done(picture, "pixelation:5").size(), picture.size());
  EXPECT_FALSE(Same(Done(picture, "pixelation:1"), picture));
  EXPECT_EQ(Done(picture, "resize:3").size(), cv::Size(32, 24));
  EXPECT_EQ(Done(Plain(2, 2, 9, 9, 9), "resize:5").size(), cv::Size(1, 1));
}

TEST(PerturbTest, JpegLosesMoreAtEachLevel) {
  cv::Mat picture = Noise(1, 64, 64)[0];
  cv::GaussianBlur(picture, picture, {5, 5}, 1);
  double last = 0;
  for (int level = 1; level <= 5; ++level) {
    const double loss = cv::norm(Done(picture, "jpeg:" + std::to_string(level)), picture, cv::NORM_L2);
    EXPECT_GT(loss, last) << level;
    last = loss;
  }
}

TEST(PerturbTest, TheSeedDecidesNoiseAndBlocksAndTheInputIsLeftAlone) {
  const cv::Mat picture = Plain(300, 300, 100, 120, 140), before = picture.clone();
  for (const char* text : {"noise:3", "blocks:3"}) {
    EXPECT_TRUE(Same(Done(picture, text, 5), Done(picture, text, 5))) << text;
    EXPECT_FALSE(Same(Done(picture, text, 5), Done(picture, text, 6))) << text;
  }
  EXPECT_TRUE(Same(picture, before));
}

TEST(PerturbTest, SeedsAreOfTheFileNameAndTheFrame) {
  EXPECT_EQ(PerturbationSeed("a/b.mp4", 3), PerturbationSeed("elsewhere/b.mp4", 3));
  EXPECT_NE(PerturbationSeed("b.mp4", 3), PerturbationSeed("b.mp4", 4));
  EXPECT_NE(PerturbationSeed("b.mp4", 3), PerturbationSeed("c.mp4", 3));
}

TEST(PerturbTest, EncodingAnewKeepsEveryFrameAndLosesMoreAtAHigherCrf) {
  TemporaryFolder folder;
  std::vector<cv::Mat> pictures = Noise(12, 96, 64);
  for (cv::Mat& picture : pictures) cv::GaussianBlur(picture, picture, {9, 9}, 2);
  MadeVideo made;
  made.pictures = pictures;
  Write(made, folder / "in.mp4");
  const auto size = [&](const std::string& text) {
    const fs::path to = folder / (text.substr(0, 4) + "-" + text.substr(5) + ".mp4");
    EXPECT_TRUE(EncodeAnew(folder / "in.mp4", ParsePerturbation("", text), {}, {}, to));
    int frames = 0;
    VideoReader reader(to);
    while (reader.Next()) ++frames;
    EXPECT_EQ(frames, 12);
    return fs::file_size(to);
  };
  EXPECT_GT(size("h264:1"), size("h264:3"));
  EXPECT_EQ(ReadFile(folder / "h264-3.mp4"), [&] {
    EncodeAnew(folder / "in.mp4", ParsePerturbation("", "h264:3"), {}, {}, folder / "again.mp4");
    return ReadFile(folder / "again.mp4");
  }());
  WriteFile(folder / "bad.mp4", "no video");
  EXPECT_NE(CatchMessage([&] {
              EncodeAnew(folder / "bad.mp4", ParsePerturbation("", "h264:3"), {}, {}, folder / "x.mp4");
            }),
            "");
  EXPECT_FALSE(fs::exists(folder / "x.mp4"));
}

}  // namespace
}  // namespace seam
