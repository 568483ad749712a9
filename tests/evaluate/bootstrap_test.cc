#include "evaluate/bootstrap.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "evaluate/delong.h"

namespace seam {
namespace {

using Numbers = std::vector<double>;

// 60 videos, fakes a little higher.
struct Set {
  Numbers scores, others;
  std::vector<int> labels, units;
};

Set MakeSet(int count) {
  std::mt19937_64 engine(7);
  std::normal_distribution<double> normal;
  Set set;
  for (int i = 0; i < count; ++i) {
    const int label = i % 3 == 0 ? 0 : 1;
    const double shared = normal(engine);
    set.labels.push_back(label);
    set.units.push_back(i);
    set.scores.push_back(0.8 * label + shared + 0.3 * normal(engine));
    set.others.push_back(0.6 * label + shared + 0.6 * normal(engine));
  }
  return set;
}

// By definition: the kernel is 1, 1/2 or 0 for each pair of a fake and a real (DeLong et al. 1988, section
// 2).
struct Structure {
  Numbers fake, real;
};

Structure MakeStructure(const Numbers& scores, const std::vector<int>& labels) {
  Structure structure;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double sum = 0, count = 0;
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] == labels[j]) continue;
      const double fake = labels[i] == 1 ? scores[i] : scores[j],
                   real = labels[i] == 1 ? scores[j] : scores[i];
      sum += fake > real ? 1 : fake == real ? 0.5 : 0;
      count += 1;
    }
    (labels[i] == 1 ? structure.fake : structure.real).push_back(sum / count);
  }
  return structure;
}

double Covariance(const Numbers& a, const Numbers& b) {
  const auto count = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / count;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / count;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / (count - 1) / count;
}

TEST(DeLongTest, EqualsItsDefinitionWithTies) {
  Set set = MakeSet(60);
  for (auto* scores : {&set.scores, &set.others}) {
    for (double& score : *scores) score = std::round(score * 4) / 4;
  }
  const DeLongResult result = DeLongTest(set.scores, set.others, set.labels);
  const Structure a = MakeStructure(set.scores, set.labels), b = MakeStructure(set.others, set.labels);
  EXPECT_NEAR(result.variance_a, Covariance(a.fake, a.fake) + Covariance(a.real, a.real), 1e-14);
  EXPECT_NEAR(result.variance_b, Covariance(b.fake, b.fake) + Covariance(b.real, b.real), 1e-14);
  EXPECT_NEAR(result.covariance, Covariance(a.fake, b.fake) + Covariance(a.real, b.real), 1e-14);
  EXPECT_NEAR(result.auc_a, RocAuc({set.scores, set.labels}), 1e-14);
  EXPECT_NEAR(result.auc_b, RocAuc({set.others, set.labels}), 1e-14);
  const double z = (result.auc_a - result.auc_b) /
                   std::sqrt(result.variance_a + result.variance_b - 2 * result.covariance);
  EXPECT_NEAR(result.z, z, 1e-10);
  EXPECT_NEAR(result.p_value, std::erfc(std::abs(z) / std::sqrt(2.0)), 1e-12);
}

// Fakes .9 .4, reals .6 .1 against fakes .9 .8, reals .6 .1. Placements of a: fakes 1, 1/2; reals 1/2, 1:
// each has the variance 1/8, so the AUC 3/4 has 1/8 / 2 + 1/8 / 2. b is perfect: no variance.
TEST(DeLongTest, IsRightOnAnExampleWorkedByHand) {
  const DeLongResult result =
      DeLongTest(Numbers{0.9, 0.4, 0.6, 0.1}, Numbers{0.9, 0.8, 0.6, 0.1}, std::vector<int>{1, 1, 0, 0});
  EXPECT_EQ(result.auc_a, 0.75);
  EXPECT_EQ(result.auc_b, 1);
  EXPECT_NEAR(result.variance_a, 0.125, 1e-15);
  EXPECT_EQ(result.variance_b, 0);
  EXPECT_NEAR(result.z, -0.25 / std::sqrt(0.125), 1e-12);
}

TEST(DeLongTest, EqualScoresDoNotDiffer) {
  const Set set = MakeSet(60);
  const DeLongResult result = DeLongTest(set.scores, set.scores, set.labels);
  EXPECT_EQ(result.z, 0);
  EXPECT_EQ(result.p_value, 1);
}

TEST(DeLongTest, AClassOfOneIsNan) {
  EXPECT_TRUE(
      std::isnan(DeLongTest(Numbers{0.9, 0.4, 0.1}, Numbers{0.9, 0.8, 0.1}, std::vector<int>{1, 1, 0}).z));
}

TEST(BootstrapTest, DrawsAsManyOfEachClassAndWholeVideos) {
  const std::vector<int> units = {0, 0, 1, 2, 2, 2, 3}, labels = {1, 1, 0, 0, 0, 0, 1};
  BootstrapOptions options;
  options.resamples = 200;
  bool differs = false;
  Bootstrap(units, labels, options, [&](std::span<const double> weights) {
    EXPECT_EQ(weights[0], weights[1]);
    EXPECT_EQ(weights[3], weights[5]);
    EXPECT_EQ(weights[0] + weights[6], 2);  // two fake videos
    EXPECT_EQ(weights[2] + weights[3], 2);  // two real ones
    differs = differs || weights[0] == 2;
    return Numbers();
  });
  EXPECT_TRUE(differs);
}

TEST(BootstrapTest, TheSameSeedDrawsTheSame) {
  const Set set = MakeSet(30);
  const auto run = [&](std::uint64_t seed) {
    BootstrapOptions options;
    options.resamples = 20;
    options.seed = seed;
    return Bootstrap(set.units, set.labels, options,
                     [](std::span<const double> weights) { return Numbers(weights.begin(), weights.end()); });
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

// Two estimates of one standard error that share no code.
TEST(BootstrapTest, TheSpreadOfTheAucIsDeLongs) {
  const Set set = MakeSet(300);
  RankedScores ranked(set.scores, set.labels);
  const auto results = Bootstrap(set.units, set.labels, {}, [&](std::span<const double> weights) {
    ranked.SetWeights(weights);
    return Numbers{RocAuc(ranked)};
  });
  const double deviation = std::sqrt(DeLongTest(set.scores, set.scores, set.labels).variance_a);
  const Interval interval = FindInterval(results, 0, 0.95);
  EXPECT_NEAR((interval.high - interval.low) / (2 * 1.96 * deviation), 1, 0.1);
  EXPECT_LT(interval.low, RocAuc({set.scores, set.labels}));
  EXPECT_GT(interval.high, RocAuc({set.scores, set.labels}));
}

TEST(BootstrapTest, IntervalsArePercentiles) {
  std::vector<Numbers> results;
  for (int i = 100; i >= 0; --i) results.push_back({static_cast<double>(i)});
  results.push_back({std::numeric_limits<double>::quiet_NaN()});
  const Interval interval = FindInterval(results, 0, 0.9);
  EXPECT_NEAR(interval.low, 5, 1e-12);
  EXPECT_NEAR(interval.high, 95, 1e-12);
  EXPECT_TRUE(std::isnan(FindInterval({}, 0, 0.9).low));
}

TEST(BootstrapTest, ThePValueCountsBothSidesAndIsNeverZero) {
  EXPECT_EQ(BootstrapPValue({{1}, {2}, {3}, {-1}}, 0), 2 * 2.0 / 5);
  EXPECT_EQ(BootstrapPValue({{1}, {1}, {1}}, 0), 2 * 1.0 / 4);
  EXPECT_EQ(BootstrapPValue({{0}, {0}}, 0), 1);
}

}  // namespace
}  // namespace seam
