#include <algorithm>
#include <cmath>
#include <complex>
#include <fstream>
#include <numbers>
#include <sstream>
#include <tuple>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "base/csv_table.h"
#include "base/files.h"
#include "spectrum/azimuthal.h"
#include "spectrum/experiments/picture_reader.h"
#include "spectrum/feature.h"
#include "spectrum/running_moments.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/support.h"
#include "transforms/dct.h"

namespace seam {
namespace {

// The mean of 20 ln |F + 1e-8| over rings, by the definition of the transform.
std::vector<double> SlowAzimuthalMean(const cv::Mat& grey) {
  const int height = grey.rows, width = grey.cols;
  std::vector<double> sums(static_cast<std::size_t>(height + width)), counts(sums.size());
  for (int v = 0; v < height; ++v) {
    for (int u = 0; u < width; ++u) {
      // Frequencies from -size / 2 on.
      const int fy = v - height / 2, fx = u - width / 2;
      std::complex<double> sum = 1e-8;
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const double turn = -2 * std::numbers::pi * (double(fy) * y / height + double(fx) * x / width);
          sum += double(grey.at<unsigned char>(y, x)) * std::polar(1.0, turn);
        }
      }
      const double dy = v - (height - 1) / 2.0, dx = u - (width - 1) / 2.0;
      const auto ring = static_cast<std::size_t>(std::sqrt(dy * dy + dx * dx));
      sums[ring] += 20 * std::log(std::abs(sum));
      counts[ring] += 1;
    }
  }
  std::vector<double> means;
  for (std::size_t i = 0; i < sums.size() && counts[i] > 0; ++i) means.push_back(sums[i] / counts[i]);
  return {means.begin() + 1, means.end() - 1};
}

TEST(AzimuthalTest, IsTheRingMeanOfTheTransformOfEvenAndOddSizes) {
  for (const cv::Size& size : {cv::Size(12, 12), cv::Size(13, 9), cv::Size(10, 15), cv::Size(11, 11)}) {
    const cv::Mat picture = PatternPicture(size.height, size.width, 1, 3);
    const auto fast = AzimuthalMean(picture), slow = SlowAzimuthalMean(picture);
    ASSERT_EQ(fast.size(), slow.size()) << size;
    for (std::size_t i = 0; i < slow.size(); ++i)
      EXPECT_NEAR(fast[i], slow[i], 1e-9) << size << " ring " << i;
  }
}

TEST(AzimuthalTest, APictureOf128PixelsGives88Values) {
  EXPECT_EQ(AzimuthalMean(PatternPicture(128, 128, 1, 1)).size(), 88U);
}

TEST(AzimuthalTest, ALoneWaveStandsInItsRing) {
  cv::Mat picture(64, 64, CV_8U);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x)
      picture.at<unsigned char>(y, x) =
          static_cast<unsigned char>(std::lround(128 + 100 * std::cos(2 * std::numbers::pi * 20 * x / 64)));
  }
  const auto mean = AzimuthalMean(picture);
  // The value at i is of the ring i + 1; frequency 20 lies 19.5 or 20.5 from the middle. Small rings have
  // greater means of the rounding's noise, so that the ring is compared with those about it.
  const double top = *std::max_element(mean.begin() + 18, mean.begin() + 21);
  for (const int i : {15, 16, 17, 22, 23, 24}) EXPECT_GT(top, mean[static_cast<std::size_t>(i)]) << i;
}

TEST(AzimuthalTest, ASplineReproducesACubic) {
  std::vector<double> values;
  const auto cubic = [](double x) { return 2 - x + 0.5 * x * x - 0.1 * x * x * x; };
  for (int i = 0; i < 9; ++i) values.push_back(cubic(i));
  const auto fine = ResampleSpline(values, 33);
  ASSERT_EQ(fine.size(), 33U);
  for (int i = 0; i < 33; ++i) EXPECT_NEAR(fine[static_cast<std::size_t>(i)], cubic(i / 4.0), 1e-11);
  EXPECT_TRUE(ResampleSpline(std::vector<double>{1, 2, 3}, 10).empty());
}

TEST(AzimuthalTest, FeaturesBeginWithOneAndHaveTheLengthAskedFor) {
  const auto features = AzimuthalFeatures(PatternPicture(60, 60, 1, 2), 80);
  ASSERT_EQ(features.size(), 80U);
  EXPECT_EQ(features[0], 1);
}

TEST(AzimuthalTest, PublishedRowsAreReproduced) {
  SEAM_NEEDS_SHARED("fixtures/spectrum/durall/expected_features_40x80.csv");
  std::ifstream rows(SharedPath("fixtures/spectrum/durall/expected_features_40x80.csv"));
  const CsvTable table(SharedPath("fixtures/spectrum/durall/image_to_row.csv"));
  std::vector<std::vector<double>> expected;
  for (std::string line; std::getline(rows, line);) {
    std::vector<double> numbers;
    std::stringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) {
      char* end = nullptr;
      const double number = std::strtod(field.c_str(), &end);
      if (end != field.c_str() && *end == 0) numbers.push_back(number);
    }
    if (numbers.size() >= 80) expected.emplace_back(numbers.end() - 80, numbers.end());
  }
  ASSERT_EQ(expected.size(), 40U);
  std::size_t found = 0;
  for (int i = 0; i < 40; ++i) {
    const auto path = SharedPath("fixtures/spectrum/durall/images/" + std::to_string(i) + ".jpg");
    const auto features = AzimuthalFeatures(PictureReader().Read(path, true), 80);
    ASSERT_EQ(features.size(), 80U);
    for (const auto& row : expected) {
      double apart = 0;
      for (std::size_t k = 0; k < 80; ++k) apart = std::max(apart, std::abs(row[k] - features[k]));
      if (apart < 1e-9) ++found;
    }
  }
  EXPECT_EQ(found, 40U);
}

TEST(AzimuthalTest, FeatureVectorsOfTheFrequencySolverAreReproduced) {
  SEAM_NEEDS_SHARED("fixtures/frequency/features300_000.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/features300_000.json").string());
  FeatureOptions options;
  for (const auto& expected : golden["cases"]) {
    const auto features = ComputeFeatures(PatternPicture(expected["h"], expected["w"], 1, 2), options);
    const auto values = expected["features"].get<std::vector<double>>();
    ASSERT_EQ(features.values.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(features.values[i], values[i], 1e-9);
  }
}

TEST(LocalPatternTest, PatternsAndSpectrumOfTheFixtureAreReproduced) {
  SEAM_NEEDS_SHARED("fixtures/channels/channels_golden.json");
  const auto golden = ReadJson(SharedPath("fixtures/channels/channels_golden.json").string());
  const auto grey = golden["gray"].get<std::vector<std::vector<int>>>();
  cv::Mat picture(static_cast<int>(grey.size()), static_cast<int>(grey[0].size()), CV_8UC1);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x)
      picture.at<std::uint8_t>(y, x) =
          static_cast<std::uint8_t>(grey[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]);
  }
  FeatureOptions options;
  options.grey = true;
  for (const auto& [kind, name, scale] :
       {std::tuple("lbp", "lbp_P3_R6_uniform_raw", 1.0), std::tuple("magnitude", "fft_channel", 255.0)}) {
    options.kind = kind;
    const Features features = ComputeFeatures(picture, options);
    const auto wanted = golden[name].get<std::vector<std::vector<double>>>();
    for (std::size_t i = 0; i < features.values.size(); ++i)
      EXPECT_NEAR(features.values[i] / scale, wanted[i / wanted[0].size()][i % wanted[0].size()], 1e-9)
          << kind;
  }
}

TEST(DctTest, ACosineOfTheTransformIsOneCoefficient) {
  for (const int size : {8, 9}) {
    cv::Mat picture(size, size, CV_64F);
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x)
        picture.at<double>(y, x) = std::cos(std::numbers::pi * (2 * y + 1) * 2 / (2.0 * size)) *
                                   std::cos(std::numbers::pi * (2 * x + 1) * 3 / (2.0 * size));
    }
    const cv::Mat transform = OrthonormalDct(picture);
    for (int v = 0; v < size; ++v) {
      // Each cosine has a sum of squares of size / 2.
      for (int u = 0; u < size; ++u)
        EXPECT_NEAR(transform.at<double>(v, u), v == 2 && u == 3 ? size / 2.0 : 0, 1e-12);
    }
  }
}

TEST(DctTest, EachChannelIsTransformedByItself) {
  const cv::Mat picture = PatternPicture(10, 14, 3, 1);
  std::vector<cv::Mat> channels, transforms;
  cv::split(picture, channels);
  cv::split(OrthonormalDct(picture), transforms);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_LT(cv::norm(OrthonormalDct(channels[c]), transforms[c], cv::NORM_INF), 1e-9);
}

TEST(DctTest, PublishedCoefficientsAreReproduced) {
  SEAM_NEEDS_SHARED("fixtures/dct/dct_golden.json");
  const auto golden = ReadJson(SharedPath("fixtures/dct/dct_golden.json").string());
  const auto matrix = [&](const char* name) {
    const auto rows = golden[name].get<std::vector<std::vector<double>>>();
    cv::Mat result(static_cast<int>(rows.size()), static_cast<int>(rows[0].size()), CV_64F);
    for (int y = 0; y < result.rows; ++y) {
      for (int x = 0; x < result.cols; ++x)
        result.at<double>(y, x) = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
    }
    return result;
  };
  cv::Mat square = OrthonormalDct(matrix("in8x8"));
  EXPECT_LT(cv::norm(square, matrix("dct8x8"), cv::NORM_INF), 1e-9);
  LogScale(&square);
  // The smallest coefficients are rounding errors, of which the logarithm makes much.
  const cv::Mat log = matrix("log8x8_eps1e-12");
  for (int i = 0; i < 64; ++i) {
    if (log.at<double>(i / 8, i % 8) > -20) {
      EXPECT_NEAR(square.at<double>(i / 8, i % 8), log.at<double>(i / 8, i % 8), 1e-8);
    }
  }
  EXPECT_LT(cv::norm(OrthonormalDct(matrix("in5x12")), matrix("dct5x12"), cv::NORM_INF), 1e-9);
}

TEST(DctTest, TheLogScaledAndNormalisedSetOfThePublishedCodeIsReproduced) {
  SEAM_NEEDS_SHARED("fixtures/frequency/dct_log_welford_set.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/dct_log_welford_set.json").string());
  FeatureOptions options;
  options.kind = "dct";
  RunningMoments moments;
  std::vector<std::vector<double>> rows;
  for (int i = 0; i < 6; ++i) {
    rows.push_back(ComputeFeatures(PatternPicture(16, 12, 3, i), options).values);
    moments.Add(std::span<const double>(rows.back()));
  }
  const auto deviation = moments.PopulationDeviation();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double sum = 0, absolute = 0;
    for (std::size_t k = 0; k < rows[i].size(); ++k) {
      const double value = (rows[i][k] - moments.mean()[k]) / deviation[k];
      sum += value;
      absolute += std::abs(value);
    }
    EXPECT_NEAR(sum, golden["normalised_sum_per_image"][i].get<double>(), 1e-6);
    EXPECT_NEAR(absolute, golden["normalised_abs_sum_per_image"][i].get<double>(), 1e-6);
  }
}

TEST(RunningMomentsTest, AreTheMeanAndThePopulationVarianceHoweverTheRowsCome) {
  // 1, 2, 3, 4, 10: mean 4, squares of the distances 9 + 4 + 1 + 0 + 36 = 50, over 5.
  RunningMoments all, left, right;
  const std::vector<double> values = {1, 2, 3, 4, 10};
  for (std::size_t i = 0; i < values.size(); ++i) {
    all.Add(std::span(&values[i], 1));
    (i < 2 ? left : right).Add(std::span(&values[i], 1));
  }
  left.Merge(right);
  for (const auto* moments : {&all, &left}) {
    EXPECT_EQ(moments->count(), 5);
    EXPECT_DOUBLE_EQ(moments->mean()[0], 4);
    EXPECT_DOUBLE_EQ(moments->PopulationVariance()[0], 10);
  }
}

TEST(FeaturesTest, TheMiddleSquareIsTakenAndASmallerPictureIsTold) {
  FeatureOptions options;
  options.kind = "raw";
  options.middle = 8;
  const cv::Mat picture = PatternPicture(20, 30, 3, 1);
  const auto features = ComputeFeatures(picture, options);
  EXPECT_EQ(features.shape, (std::vector<std::int64_t>{8, 8, 3}));
  EXPECT_EQ(features.values[0], picture.at<cv::Vec3b>(6, 11)[0]);
  EXPECT_NE(ComputeFeatures(PatternPicture(7, 30, 3, 1), options).problem, "");
}

TEST(FeaturesTest, APictureTooSmallForASpectrumIsTold) {
  EXPECT_NE(ComputeFeatures(PatternPicture(4, 4, 1, 1), {}).problem, "");
  EXPECT_NE(ComputeFeatures(PatternPicture(1, 1, 1, 1), {}).problem, "");
}

}  // namespace
}  // namespace seam
