#include "evaluate/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace seam {
namespace {

using testing::HasSubstr;

double Sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

TEST(CalibrationTest, TemperatureOfOneLogitIsThatOfItsOdds) {
  // Three of four scores of logit +-2 are on the right side, so the best probability is 3/4: its logit is
  // log 3 = 2 / T.
  const std::vector<double> scores = {Sigmoid(2),  Sigmoid(2),  Sigmoid(2),  Sigmoid(2),
                                      Sigmoid(-2), Sigmoid(-2), Sigmoid(-2), Sigmoid(-2)};
  const std::vector<int> labels = {1, 1, 1, 0, 0, 0, 0, 1};
  const double temperature = FitTemperature(scores, labels);
  EXPECT_NEAR(temperature, 2 / std::log(3), 1e-9);
  EXPECT_NEAR(CalibratedProbability(Sigmoid(2), temperature), 0.75, 1e-9);
}

TEST(CalibrationTest, TemperatureHasTheLeastLogLoss) {
  const std::vector<double> scores = {0.99, 0.4, 0.8, 0.97, 0.02, 0.6, 0.3, 0.9};
  const std::vector<int> labels = {1, 1, 0, 1, 0, 0, 0, 1};
  const auto loss = [&](double temperature) {
    double sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double fake = CalibratedProbability(scores[i], temperature);
      sum -= std::log(labels[i] == 1 ? fake : 1 - fake);
    }
    return sum;
  };
  const double temperature = FitTemperature(scores, labels);
  // By a search of its own.
  double best = 1;
  for (double tried = 0.05; tried < 20; tried += 0.001) best = loss(tried) < loss(best) ? tried : best;
  EXPECT_NEAR(temperature, best, 0.001);
}

TEST(CalibrationTest, TemperatureIsBounded) {
  EXPECT_EQ(FitTemperature(std::vector{0.4, 0.6}, std::vector{0, 1}), kMinTemperature);
  EXPECT_EQ(FitTemperature(std::vector{0.6, 0.4}, std::vector{0, 1}), kMaxTemperature);
  EXPECT_EQ(FitTemperature(std::vector{0.5, 0.5}, std::vector{0, 1}), 1);
  EXPECT_EQ(FitTemperature(std::vector{0.0, 1.0}, std::vector{0, 1}), kMinTemperature);
  EXPECT_EQ(FitTemperature(std::vector{1.0, 0.0}, std::vector{0, 1}), kMaxTemperature);
}

TEST(CalibrationTest, NoScoresAreCalibratedByNothing) {
  EXPECT_EQ(FitTemperature(std::vector<double>(), std::vector<int>()), 1);
}

TEST(CalibrationTest, ScoresOfZeroAndOneStayInBounds) {
  EXPECT_LT(CalibratedProbability(0, 1), 1e-15);
  EXPECT_GT(CalibratedProbability(1, 1), 1 - 1e-15);
  EXPECT_DOUBLE_EQ(CalibratedProbability(0.8, 1), 0.8);
}

TEST(CalibrationTest, BandOfClassesThatLieApartIsTheGap) {
  const auto fitted = Calibrate(std::vector{0.1, 0.2, 0.7, 0.9}, std::vector{0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(fitted.threshold_eer, 0.45);
  EXPECT_GT(fitted.band_low, 0.2);  // the real itself is outside
  EXPECT_DOUBLE_EQ(fitted.band_low, 0.2);
  EXPECT_EQ(fitted.band_high, 0.7);
  EXPECT_EQ(fitted.real, 2);
  EXPECT_EQ(fitted.fake, 2);
}

// Of 40 of each class two may be on the wrong side.
TEST(CalibrationTest, BandLeavesAtMostFivePercentOnTheWrongSide) {
  std::vector<double> scores;
  std::vector<int> labels;
  for (int i = 0; i < 40; ++i) {
    scores.push_back(0.01 * i);  // reals: 0 to .39
    labels.push_back(0);
    scores.push_back(0.3 + 0.01 * i);  // fakes: .3 to .69
    labels.push_back(1);
  }
  const auto fitted = Calibrate(scores, labels);
  EXPECT_DOUBLE_EQ(fitted.band_low, 0.32);
  EXPECT_DOUBLE_EQ(fitted.band_high, 0.37);
  int reals = 0, fakes = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    reals += labels[i] == 0 && scores[i] >= fitted.band_high ? 1 : 0;
    fakes += labels[i] == 1 && scores[i] < fitted.band_low ? 1 : 0;
  }
  EXPECT_EQ(reals, 2);
  EXPECT_EQ(fakes, 2);
  EXPECT_LE(fitted.band_low, fitted.threshold_eer);
  EXPECT_GE(fitted.band_high, fitted.threshold_eer);
  EXPECT_GT(fitted.threshold_fpr1, 0.39);  // of 40 reals none may be above
}

TEST(CalibrationTest, ManyEqualScoresDoNotSlipThroughTheBand) {
  // All reals score the same: none of them is more than 5 %, so the band holds it.
  std::vector<double> scores(30, 0.6);
  std::vector<int> labels(30, 0);
  for (const double fake : {0.5, 0.7, 0.8}) {
    scores.push_back(fake);
    labels.push_back(1);
  }
  const auto fitted = Calibrate(scores, labels);
  EXPECT_EQ(fitted.band_low, 0.5);
  EXPECT_GT(fitted.band_high, 0.6);
}

TEST(CalibrationTest, OneVideoOfAClassIsEnough) {
  const auto fitted = Calibrate(std::vector{1.0, 0.0}, std::vector{0, 1});
  EXPECT_EQ(fitted.band_low, 0);
  EXPECT_EQ(fitted.band_high, 1);
  EXPECT_GE(fitted.threshold_eer, 0);
  EXPECT_LE(fitted.threshold_eer, 1);
  EXPECT_EQ(
      DescribeCaveats(fitted),
      "1 real video is few (below 20); 1 fake video is few (below 20); the temperature 20 is the greatest "
      "allowed, and val wants a greater one");
}

// Three fakes to a real, all a little above 0.5: the least temperature, though the real one scores highest.
TEST(CalibrationTest, CaveatOfATemperatureClaimsNothingOfTheClasses) {
  const auto fitted = Calibrate(std::vector{0.511, 0.51, 0.51, 0.51}, std::vector{0, 1, 1, 1});
  EXPECT_EQ(fitted.temperature, kMinTemperature);
  EXPECT_THAT(DescribeCaveats(fitted), testing::EndsWith("is the least allowed, and val wants a lower one"));
}

TEST(CalibrationTest, OneDatasetsVideosCountOneEach) {
  const std::vector<int> labels = {0, 1, 1, 1, 1, 0, 1}, datasets(7, 0);
  EXPECT_EQ(DatasetWeights(labels, datasets), std::vector<double>(7, 1.0));
}

// 90 reals of one dataset count 9/11, 10 of another 1/3: the ten are 11 of 38 of the class.
TEST(CalibrationTest, FewVideosOfAnotherDatasetCountMoreThanTheirNumber) {
  std::vector<int> labels(100, 0), datasets(100, 0);
  std::fill(datasets.begin() + 90, datasets.end(), 1);
  labels.insert(labels.end(), 4, 1);  // fakes of the first alone
  datasets.insert(datasets.end(), 4, 0);
  const auto weights = DatasetWeights(labels, datasets);
  EXPECT_NEAR(weights[0], 100.0 / 90 * 27 / 38, 1e-12);
  EXPECT_NEAR(weights[95], 100.0 / 10 * 11 / 38, 1e-12);
  EXPECT_EQ(weights[101], 1);
  EXPECT_NEAR(std::accumulate(weights.begin(), weights.begin() + 100, 0.0), 100, 1e-9);
}

// A weight is as good as so many equal videos.
TEST(CalibrationTest, WeightsCountAsCopiesDo) {
  const std::vector<double> scores = {0.1, 0.35, 0.3, 0.62, 0.55, 0.8}, weights = {30, 2, 1, 1, 40, 3};
  const std::vector<int> labels = {0, 0, 1, 0, 1, 1};
  std::vector<double> copies;
  std::vector<int> labels_of_copies;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (int copy = 0; copy < weights[i]; ++copy) {
      copies.push_back(scores[i]);
      labels_of_copies.push_back(labels[i]);
    }
  }
  const auto weighted = Calibrate(scores, labels, weights), copied = Calibrate(copies, labels_of_copies);
  EXPECT_NEAR(weighted.temperature, copied.temperature, 1e-12);
  EXPECT_EQ(weighted.threshold_eer, copied.threshold_eer);
  EXPECT_EQ(weighted.threshold_fpr1, copied.threshold_fpr1);
  EXPECT_EQ(weighted.band_low, copied.band_low);
  EXPECT_EQ(weighted.band_high, copied.band_high);
  EXPECT_NE(weighted.band_low, Calibrate(scores, labels).band_low);
  EXPECT_EQ(weighted.real, 3);
}

TEST(CalibrationTest, EnoughVideosHaveNoCaveat) {
  EXPECT_EQ(DescribeCaveats({.temperature = 1.5, .real = 20, .fake = 20}), "");
  EXPECT_THAT(
      DescribeCaveats({.temperature = kMinTemperature, .real = 20, .fake = 19}),
      testing::AllOf(HasSubstr("19 fake videos are few"), HasSubstr("the temperature 0.05 is the least")));
}

}  // namespace
}  // namespace seam
