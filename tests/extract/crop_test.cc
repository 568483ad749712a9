#include "extract/faces/crop.h"

#include <cmath>
#include <limits>

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

// The template's points, turned, made `scale` times as large and moved.
Face TemplateFace(double degrees, double scale, const cv::Point2d& shift) {
  const cv::Point2d points[] = {
      {38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}};
  const double angle = degrees * CV_PI / 180;
  Face face;
  face.box = {40, 40, 60, 60};
  face.has_landmarks = true;
  for (std::size_t i = 0; i < 5; ++i) {
    const cv::Point2d turned(std::cos(angle) * points[i].x - std::sin(angle) * points[i].y,
                             std::sin(angle) * points[i].x + std::cos(angle) * points[i].y);
    face.landmarks[i] = turned * scale + shift;
  }
  return face;
}

TEST(CropAlignedTest, WithoutMarginTheTemplateFillsThePicture) {
  const cv::Mat picture = Coordinates(220, 200);
  const cv::Mat crop = CropAligned(picture, TemplateFace(0, 1, {30, 20}), 0, 112);
  ASSERT_EQ(crop.size(), cv::Size(112, 112));
  EXPECT_LE(cv::norm(crop, picture({30, 20, 112, 112}), cv::NORM_INF), 1);
}

TEST(CropAlignedTest, TheMarginShowsMoreAroundTheSameCentre) {
  // 112 * 1.5 = 168 pixels around the template's centre at (30 + 56, 40 + 56), from (2, 12) on, drawn half as
  // large.
  const cv::Mat crop = CropAligned(Coordinates(220, 200), TemplateFace(0, 1, {30, 40}), 0.5, 84);
  EXPECT_NEAR(crop.at<cv::Vec3b>(42, 42)[0], 86.5, 1);
  EXPECT_NEAR(crop.at<cv::Vec3b>(42, 42)[1], 96.5, 1);
  EXPECT_NEAR(crop.at<cv::Vec3b>(1, 1)[0], 4.5, 1);
  EXPECT_NEAR(crop.at<cv::Vec3b>(1, 1)[1], 14.5, 1);
}

TEST(CropAlignedTest, ATurnedFaceStandsUpright) {
  const cv::Mat picture = Coordinates(250, 250);
  for (const double degrees : {-120.0, -30.0, 20.0, 90.0}) {
    for (const double scale : {0.4, 1.0, 1.7}) {
      const cv::Point2d centre(125, 125), half(56, 56);
      Face face = TemplateFace(degrees, scale, {});
      const double angle = degrees * CV_PI / 180;
      const cv::Point2f shift(
          static_cast<float>(centre.x - scale * (std::cos(angle) * half.x - std::sin(angle) * half.y)),
          static_cast<float>(centre.y - scale * (std::sin(angle) * half.x + std::cos(angle) * half.y)));
      for (cv::Point2f& point : face.landmarks) point += shift;
      const cv::Mat crop = CropAligned(picture, face, 0, 64);
      // A step right in the crop is a step along the face's own axis in the frame.
      const cv::Vec3b left = crop.at<cv::Vec3b>(32, 22), right = crop.at<cv::Vec3b>(32, 42);
      const double step = 20 * 112.0 / 64 * scale;
      EXPECT_NEAR(right[0] - left[0], step * std::cos(angle), 2) << degrees << " " << scale;
      EXPECT_NEAR(right[1] - left[1], step * std::sin(angle), 2) << degrees << " " << scale;
    }
  }
}

TEST(CropAlignedTest, OutsideTheFrameIsBlack) {
  const cv::Mat crop = CropAligned(Coordinates(100, 100), TemplateFace(0, 1, {-56, 0}), 0, 112);
  EXPECT_EQ(crop.at<cv::Vec3b>(50, 20), cv::Vec3b(0, 0, 0));
  EXPECT_EQ(crop.at<cv::Vec3b>(50, 100)[2], 255);
  EXPECT_EQ(cv::countNonZero(
                CropAligned(Coordinates(100, 100), TemplateFace(0, 1, {5000, 5000}), 0, 32).reshape(1)),
            0);
}

TEST(CropAlignedTest, LandmarksThatSayNothingGiveTheSquare) {
  Face face = TemplateFace(0, 0, {50, 50});
  const cv::Mat picture = Coordinates(200, 200), square = CropSquare(picture, face.box, 0.3, 32);
  EXPECT_EQ(cv::norm(CropAligned(picture, face, 0.3, 32), square, cv::NORM_INF), 0);
  face.landmarks[2].x = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(cv::norm(CropAligned(picture, face, 0.3, 32), square, cv::NORM_INF), 0);
  face = TemplateFace(0, 1e6, {});
  EXPECT_EQ(CropAligned(picture, face, 0.3, 32).size(), cv::Size(32, 32)) << "and no huge picture";
}

TEST(CropSquareTest, SenselessNumbersAreUsageErrors) {
  CropOptions options;
  options.margin = -0.1;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--margin: must be from 0 to 10, not -0.1");
  options = {};
  options.size = 8;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--size: must be from 16 to 2048, not 8");
}

}  // namespace
}  // namespace seam
