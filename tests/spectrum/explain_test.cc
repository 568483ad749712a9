#include "spectrum/experiments/explain.h"

#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "tests/spectrum/made_pictures.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// The classifier of the fixture: a formula of the segments' mean brightness.
std::vector<double> ComputeShares(const cv::Mat& picture) {
  double mean[9] = {};
  for (int s = 0; s < 9; ++s) {
    const cv::Mat block = picture(cv::Rect(s % 3 * 8, s / 3 * 8, 8, 8));
    const cv::Scalar channels = cv::mean(block);
    mean[s] = (channels[0] + channels[1] + channels[2]) / 3 / 255;
  }
  const double z = 4 * mean[0] - 3 * mean[4] + 2 * mean[8] * mean[0] - 1.5 * mean[2] + 0.7 * mean[6] - 0.3;
  const double share = 1 / (1 + std::exp(-z));
  return {1 - share, share};
}

TEST(LimeTest, ThePublishedWeightsComeOut) {
  SEAM_NEEDS_SHARED("fixtures/frequency/lime.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/lime.json").string());
  const cv::Mat picture = PatternPicture(24, 24, 3, 4), segments = GridSegments({24, 24}, 8);
  int cases = 0;
  for (const auto& expected : golden["cases"]) {
    const std::optional<int> hide = expected["hide_color"].is_null()
                                        ? std::nullopt
                                        : std::optional<int>(expected["hide_color"].get<int>());
    std::vector<std::vector<std::uint8_t>> bits;
    std::vector<std::vector<double>> shares(2);
    for (int r = 0; r < 80; ++r) {
      auto& row = bits.emplace_back();
      for (int c = 0; c < 9; ++c) {
        const int number = 7 * r * r + 13 * r * c + 5 * c * c + r * c % 11 + r / 3;
        row.push_back(r == 0 ? 1 : static_cast<std::uint8_t>(number % 7 % 2));
      }
      const auto of_row = ComputeShares(HideSegments(picture, segments, row, hide));
      for (std::size_t k = 0; k < 2; ++k) shares[k].push_back(of_row[k]);
    }
    for (std::size_t k = 0; k < 2; ++k) {
      SCOPED_TRACE(k);
      EXPECT_NEAR(shares[k][0], expected["p_original"][k].get<double>(), 1e-12);
      const auto& wanted = expected["labels"][std::to_string(k)];
      const LimeFit fit = FitLime(bits, shares[k]);
      for (std::size_t s = 0; s < 9; ++s)
        EXPECT_NEAR(fit.weights[s], wanted["weights_by_segment"][s].get<double>(), 1e-10);
      EXPECT_NEAR(fit.intercept, wanted["intercept"].get<double>(), 1e-10);
      EXPECT_NEAR(fit.r2, wanted["score_r2"].get<double>(), 1e-10);
      EXPECT_NEAR(fit.local, wanted["local_prediction"].get<double>(), 1e-10);
    }
    ++cases;
  }
  EXPECT_GT(cases, 0);
}

TEST(LimeTest, ThePartThatDecidesIsFoundAndPaintedGreen) {
  const cv::Mat picture = PatternPicture(32, 32, 3, 1), segments = GridSegments({32, 32}, 8);
  // Only the first square counts.
  const auto scorer = [](const cv::Mat& seen) {
    const double share = cv::mean(seen(cv::Rect(0, 0, 8, 8)))[0] > 1 ? 0.9 : 0.1;
    return std::vector<double>{1 - share, share};
  };
  const auto found = ExplainPicture(picture, segments, scorer, {.samples = 400});
  EXPECT_NEAR(found.shares[1], 0.9, 1e-12);
  const auto& weights = found.fits[1].weights;
  for (std::size_t s = 1; s < weights.size(); ++s) EXPECT_GT(weights[0], 5 * std::abs(weights[s]));
  const cv::Mat painted = PaintWeights(cv::Mat(32, 32, CV_8UC3, cv::Scalar::all(100)), segments, weights);
  const auto pixel = painted.at<cv::Vec3b>(3, 3);
  EXPECT_GT(pixel[1], pixel[0]);
}

TEST(SuperpixelTest, EachIsOnePieceAndKeepsToAnEdge) {
  cv::Mat picture(60, 80, CV_8UC3, cv::Scalar(250, 20, 20));
  picture(cv::Rect(33, 0, 47, 60)) = cv::Scalar(20, 20, 250);
  const cv::Mat segments = Superpixels(picture, 20);
  std::set<int> left, right;
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 80; ++x) (x < 33 ? left : right).insert(segments.at<int>(y, x));
  }
  for (const int number : left) EXPECT_EQ(right.count(number), 0U) << number;
  EXPECT_GE(left.size() + right.size(), 12U);
  EXPECT_LE(left.size() + right.size(), 40U);
}

}  // namespace
}  // namespace seam
