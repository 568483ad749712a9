#include "extract/faces/whole_picture.h"

#include <gtest/gtest.h>

#include "extract/faces/extract_faces.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// A formula that leaves no two pixels near each other alike.
cv::Mat Pixels(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        picture.at<cv::Vec3b>(y, x)[c] =
            static_cast<uchar>((7 * x + 13 * y + 29 * c + 3 * ((x * y) % 31) + 5 * ((x + 2 * y) % 17)) % 256);
      }
    }
  }
  return picture;
}

// By Pillow 9.4: Image.fromarray(Pixels(37, 29)).resize((16, 16), BILINEAR).
TEST(WholePictureTest, ResizesAsPillowToTheLastBit) {
  const cv::Mat small = ResizeAsPillow(Pixels(37, 29), {16, 16});
  const cv::Scalar sums = cv::sum(small);
  EXPECT_EQ(sums[0], 32015);
  EXPECT_EQ(sums[1], 32265);
  EXPECT_EQ(sums[2], 32759);
  const std::vector<int> row = {166, 170, 127, 138, 66, 81, 54, 53, 66, 90, 128, 151, 168, 162, 172, 173};
  const std::vector<int> column = {147, 173, 129, 165, 136, 87, 82, 81, 85, 125, 166, 197, 192, 185, 125, 77};
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(small.at<cv::Vec3b>(5, i)[0], row[static_cast<std::size_t>(i)]) << i;
    EXPECT_EQ(small.at<cv::Vec3b>(i, 3)[1], column[static_cast<std::size_t>(i)]) << i;
  }
}

TEST(WholePictureTest, TheCentreKeepsItsPixelsAndHasBlackAroundWhereItIsSmall) {
  const cv::Mat picture = Pixels(640, 361);
  const cv::Mat cut = CutWholePicture(picture, "centre", 0, 224);
  // torchvision's CenterCrop begins at round((361 - 224) / 2) = round(68.5) = 68.
  EXPECT_EQ(cv::norm(cut, picture({208, 68, 224, 224}), cv::NORM_INF), 0);
  const cv::Mat small = CutWholePicture(Pixels(101, 50), "centre", 0, 200);
  EXPECT_EQ(cv::norm(small({49, 75, 101, 50}), Pixels(101, 50), cv::NORM_INF), 0);
  EXPECT_EQ(cv::countNonZero(small({0, 0, 200, 75}).clone().reshape(1)), 0);
}

TEST(WholePictureTest, TheShorterSideBecomesTheSizeAndItsMargin) {
  // 252 is the shorter side, int(252 * 640 / 361) = 446 the longer one.
  const cv::Mat wanted = ResizeAsPillow(Pixels(640, 361), {446, 252})({111, 14, 224, 224});
  EXPECT_EQ(cv::norm(CutWholePicture(Pixels(640, 361), "shorter", 0.125, 224), wanted, cv::NORM_INF), 0);
  const cv::Mat upright = ResizeAsPillow(Pixels(361, 640), {252, 446})({14, 111, 224, 224});
  EXPECT_EQ(cv::norm(CutWholePicture(Pixels(361, 640), "shorter", 0.125, 224), upright, cv::NORM_INF), 0);
}

TEST(WholePictureTest, ASquareHoldsAllOfIt) {
  EXPECT_EQ(cv::norm(CutWholePicture(Pixels(64, 40), "square", 0, 32),
                     ResizeAsPillow(Pixels(64, 40), {32, 32}), cv::NORM_INF),
            0);
}

TEST(WholePictureTest, FacesAndPicturesAreNotMixedUp) {
  ExtractOptions options;
  options.detector.detector = "whole";
  EXPECT_NE(CatchMessage([&] { options.Check(); }).find("none is for faces"), std::string::npos);
  options.crop.align = "shorter";
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "");
  options.detector.detector = "hog";
  EXPECT_NE(CatchMessage([&] { options.Check(); }).find("shorter is for pictures"), std::string::npos);
}

}  // namespace
}  // namespace seam
