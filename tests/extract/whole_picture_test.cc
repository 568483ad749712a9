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

TEST(WholePictureTest, TilesCoverAPictureFromEndToEnd) {
  // 640 = 0 + 224 + 416: the steps of at most 168 are 139, 138, 139. 361 - 224 = 137 is one step.
  const std::vector<cv::Rect> tiles = TilesIn({640, 361}, 0, 224, 0.25);
  ASSERT_EQ(tiles.size(), 8U);
  EXPECT_EQ(tiles[0], cv::Rect(0, 0, 224, 224));
  EXPECT_EQ(tiles[1], cv::Rect(139, 0, 224, 224));
  EXPECT_EQ(tiles[3], cv::Rect(416, 0, 224, 224));
  EXPECT_EQ(tiles[7], cv::Rect(416, 137, 224, 224));
  // Side by side where they need not overlap; and as wide again as the network's input with a margin of 1.
  EXPECT_EQ(TilesIn({448, 224}, 0, 224, 0).size(), 2U);
  EXPECT_EQ(TilesIn({449, 224}, 0, 224, 0).size(), 3U);
  EXPECT_EQ(TilesIn({448, 448}, 1, 224, 0).size(), 1U);
  // No pixel is left out, however large the picture.
  cv::Mat seen = cv::Mat::zeros(1531, 2047, CV_8U);
  for (const cv::Rect& tile : TilesIn(seen.size(), 0.125, 224, 0.1)) {
    EXPECT_EQ(tile.size(), cv::Size(252, 252));
    seen(tile).setTo(1);
  }
  EXPECT_EQ(cv::countNonZero(seen), 1531 * 2047);
}

TEST(WholePictureTest, APictureSmallerThanATileIsOneTileWithBlackAround) {
  const std::vector<cv::Rect> tiles = TilesIn({101, 50}, 0, 200, 0.5);
  ASSERT_EQ(tiles, std::vector<cv::Rect>({{0, 0, 101, 50}}));
  EXPECT_EQ(cv::norm(CutTile(Pixels(101, 50), 0, 200), CutWholePicture(Pixels(101, 50), "centre", 0, 200),
                     cv::NORM_INF),
            0);
  // Narrow and high: tiles lie one below the other, each with black at both sides.
  const cv::Mat narrow = Pixels(100, 500);
  const std::vector<cv::Rect> column = TilesIn(narrow.size(), 0, 200, 0);
  ASSERT_EQ(column.size(), 3U);
  EXPECT_EQ(column[1], cv::Rect(0, 150, 100, 200));
  const cv::Mat cut = CutTile(narrow(column[1]), 0, 200);
  EXPECT_EQ(cv::norm(cut({50, 0, 100, 200}), narrow(column[1]), cv::NORM_INF), 0);
  EXPECT_EQ(cv::countNonZero(cut({0, 0, 50, 200}).clone().reshape(1)), 0);
}

TEST(WholePictureTest, TilesAreOfPicturesAlone) {
  ExtractOptions options;
  options.detector.detector = "whole";
  options.crop.align = "shorter";
  options.crop.overlap = 0.25;
  EXPECT_NE(CatchMessage([&] { options.Check(); }).find("there are none"), std::string::npos);
  options.crop.align = "tiles";
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "");
  EXPECT_EQ(options.Spec().faces(), "all");
  EXPECT_EQ(options.Spec().overlap(), 0.25);
  // Networks that are to look at the same tiles.
  CropOptions other = options.crop;
  other.size = 300;
  options.more_crops = {other};
  EXPECT_NE(CatchMessage([&] { options.Check(); }).find("tiles of different sizes"), std::string::npos);
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
