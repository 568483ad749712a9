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

}  // namespace
}  // namespace seam
