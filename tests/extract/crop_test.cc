#include "extract/crop.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

// A picture whose red tells the column and whose green tells the row.
cv::Mat Coordinates(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      picture.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uchar>(x), static_cast<uchar>(y), 255);
  }
  return picture;
}

TEST(CropSquareTest, IsTheSquareAroundTheBoxWithItsMargin) {
  // Longer side 40, margin 0.5: a square of 60 around (100, 80), from (70, 50) on.
  const cv::Mat crop = CropSquare(Coordinates(200, 160), cv::Rect2f(90, 60, 20, 40), 0.5, 60);
  ASSERT_EQ(crop.size(), cv::Size(60, 60));
  EXPECT_EQ(crop.at<cv::Vec3b>(0, 0), cv::Vec3b(70, 50, 255));
  EXPECT_EQ(crop.at<cv::Vec3b>(59, 59), cv::Vec3b(129, 109, 255));
}

TEST(CropSquareTest, OutsideTheFrameIsBlack) {
  const cv::Mat crop = CropSquare(Coordinates(100, 100), cv::Rect2f(-10, 80, 40, 40), 0, 40);
  EXPECT_EQ(crop.at<cv::Vec3b>(5, 5), cv::Vec3b(0, 0, 0));       // left of the frame
  EXPECT_EQ(crop.at<cv::Vec3b>(30, 30), cv::Vec3b(0, 0, 0));     // below it
  EXPECT_EQ(crop.at<cv::Vec3b>(5, 20), cv::Vec3b(10, 85, 255));  // in it
}

TEST(CropSquareTest, ABoxAwayFromTheFrameIsAllBlack) {
  const cv::Mat crop = CropSquare(Coordinates(50, 50), cv::Rect2f(500, 500, 20, 20), 0.3, 32);
  EXPECT_EQ(cv::countNonZero(crop.reshape(1)), 0);
}

TEST(CropSquareTest, AHugeBoxDoesNotTakeHugeMemory) {
  EXPECT_EQ(CropSquare(Coordinates(50, 50), cv::Rect2f(-1e6F, -1e6F, 2e6F, 2e6F), 0.3, 32).size(),
            cv::Size(32, 32));
}

TEST(CropSquareTest, ShrinkingAveragesAndDoesNotSkip) {
  cv::Mat stripes(64, 64, CV_8UC3);
  for (int x = 0; x < 64; ++x) stripes.col(x) = cv::Scalar::all(x % 2 == 0 ? 0 : 200);
  const cv::Mat crop = CropSquare(stripes, cv::Rect2f(0, 0, 64, 64), 0, 16);
  double least = 0, most = 0;
  cv::minMaxLoc(crop.reshape(1), &least, &most);
  EXPECT_EQ(least, 100);
  EXPECT_EQ(most, 100);
}

TEST(CropSquareTest, SenselessNumbersAreUsageErrors) {
  CropOptions options;
  options.margin = -0.1;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--margin: must be from 0 to 10");
  options = {};
  options.size = 8;
  EXPECT_EQ(MessageOf([&] { options.Check(); }), "--size: must be from 16 to 2048");
}

}  // namespace
}  // namespace seam
