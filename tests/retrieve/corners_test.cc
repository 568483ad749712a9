#include "retrieve/corners.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

TEST(CornersTest, FeaturesAreThosePublished) {
  SEAM_NEEDS_SHARED("fixtures/sift/sift_bow_harris.json");
  const char* portrait = "/usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg";
  cv::Mat picture = cv::imread(portrait);
  if (picture.empty()) GTEST_SKIP() << "needs " << portrait << ", of python-matplotlib-data";
  cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  const auto golden =
      nlohmann::json::parse(ReadFile(SharedPath("fixtures/sift/sift_bow_harris.json"))).at("harris");
  const std::vector<float> corners = FindCorners(picture);
  ASSERT_EQ(corners.size(), golden.at("length").get<std::size_t>());
  const auto greatest = std::max_element(corners.begin(), corners.end());
  EXPECT_EQ(greatest - corners.begin(), golden.at("argmax_flat").get<std::ptrdiff_t>());
  // Another order of the arithmetic moves some pixels by one, and a corner by what that makes.
  const double top = golden.at("max");
  EXPECT_NEAR(*greatest, top, 2e-3 * top);
  EXPECT_NEAR(std::accumulate(corners.begin(), corners.end(), 0.0), golden.at("sum").get<double>(),
              1e-3 * golden.at("abs_sum").get<double>());
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(corners[150 * 299 + 100 + i], golden.at("row150_cols100_107")[i].get<double>(), 1e-3 * top);
    EXPECT_NEAR(corners[i], golden.at("first8")[i].get<double>(), 1e-3 * top);
  }
}

TEST(CornersTest, ASquareHasItsCornersAtItsCorners) {
  cv::Mat picture(299, 299, CV_8UC3, cv::Scalar::all(0));
  picture(cv::Rect(50, 100, 120, 60)).setTo(cv::Scalar::all(255));
  const std::vector<float> corners = FindCorners(picture);
  std::vector<std::size_t> order(corners.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(order.begin(), order.begin() + 16, order.end(),
                    [&](std::size_t a, std::size_t b) { return corners[a] > corners[b]; });
  for (std::size_t i = 0; i < 16; ++i) {  // the picture is turned over its diagonal: rows are x
    const double x = static_cast<double>(order[i] / 299), y = static_cast<double>(order[i] % 299);
    EXPECT_LT(std::min(std::abs(x - 50), std::abs(x - 170)), 4);
    EXPECT_LT(std::min(std::abs(y - 100), std::abs(y - 160)), 4);
  }
}

}  // namespace
}  // namespace seam
