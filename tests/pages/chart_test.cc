#include "pages/chart.h"

#include <string>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "evaluate/metrics.h"
#include "evaluate/plots.h"
#include "tests/support/support.h"

namespace seam {
namespace {

Chart Line(double y) {
  Chart chart = {
      "line", "",   {"", 0, 1, {}, Axis::Scale::kLinear, {}}, {"", 0, 1, {}, Axis::Scale::kLinear, {}},
      {},     false};
  chart.series = {{"", Series::Style::kLine, {{0, y}, {1, y}}, {}, 0}};
  return chart;
}

// The row of the picture whose middle pixel is the first series' blue.
int RowOfLine(const Chart& chart) {
  const TemporaryFolder folder;
  WritePng(chart, folder / "c.png");
  const cv::Mat picture = cv::imread((folder / "c.png").string());
  for (int y = 0; y < picture.rows; ++y) {
    const auto& pixel = picture.at<cv::Vec3b>(y, picture.cols / 2);
    if (pixel[0] > 150 && pixel[2] < 50) return y;
  }
  return -1;
}

TEST(ChartTest, AHigherValueIsDrawnHigher) {
  const int low = RowOfLine(Line(0.25)), middle = RowOfLine(Line(0.5)), high = RowOfLine(Line(0.75));
  ASSERT_GT(high, 0);
  EXPECT_LT(high, middle);
  EXPECT_NEAR(middle - high, low - middle, 2);
  EXPECT_EQ(RowOfLine(Line(1.5)), -1);  // outside the axes
}

TEST(ChartTest, LogAxesStretchTheLowEnd) {
  Chart chart = Line(0.1);
  chart.y = {"", 0.01, 1, {0.01, 0.1, 1}, Axis::Scale::kLog, {}};
  EXPECT_NEAR(RowOfLine(chart), RowOfLine(Line(0.5)), 1);
}

TEST(FieldTest, EachNumberIsAPixelAndTheGreatestIsTheLightest) {
  const TemporaryFolder folder;
  Field field{"field", "", 2, 2, {0, 1, 2, 3}, 0, 3, Field::Colours::kSequential};
  WritePng(field, folder / "f.png");
  const cv::Mat picture = cv::imread((folder / "f.png").string());
  // The middles of the four quarters of the square of 384 at (16, 36), at twice the size.
  const auto light = [&](int column, int row) {
    const auto& pixel = picture.at<cv::Vec3b>(2 * (36 + 96 + 192 * row), 2 * (16 + 96 + 192 * column));
    return pixel[0] + pixel[1] + pixel[2];
  };
  EXPECT_LT(light(0, 0), light(1, 0));
  EXPECT_LT(light(1, 0), light(0, 1));
  EXPECT_LT(light(0, 1), light(1, 1));
  field.values.pop_back();
  EXPECT_NE(CatchMessage([&] { ToSvg(field); }), "");
}

}  // namespace
}  // namespace seam
