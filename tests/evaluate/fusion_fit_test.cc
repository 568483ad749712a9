#include "evaluate/fusion_fit.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "evaluate/fusion_run.h"
#include "evaluate/metrics.h"
#include "scores/calibration.h"
#include "tests/support/support.h"

namespace seam {
namespace {

struct Made {
  std::vector<std::vector<double>> scores;
  std::vector<int> labels;
};

// Networks whose logits are `strengths[i]` for fakes and its negative for reals, with noise of 1.
Made MakeScores(const std::vector<double>& strengths, int videos, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise;
  Made made;
  made.scores.resize(strengths.size());
  for (int video = 0; video < videos; ++video) {
    const int label = video % 3 == 0 ? 0 : 1;
    made.labels.push_back(label);
    for (std::size_t i = 0; i < strengths.size(); ++i)
      made.scores[i].push_back(Sigmoid((label == 1 ? 1 : -1) * strengths[i] + noise(random)));
  }
  return made;
}

double FindAuc(const Made& made, const FusionFit& fit) {
  std::vector<double> fused;
  for (std::size_t video = 0; video < made.labels.size(); ++video) {
    std::vector<double> of_video;
    for (const auto& network : made.scores) of_video.push_back(network[video]);
    fused.push_back(Sigmoid(fit.ComputeLogit(of_video)));
  }
  return RocAuc(RankedScores(fused, made.labels));
}

// With equal noise the best weight of a logit is twice its strength: the log-likelihood ratio of two normal
// distributions with means of -m and m and a deviation of 1 is 2 m x.
TEST(FusionFitTest, WeightsAreThoseOfTheLikelihoodRatio) {
  const Made made = MakeScores({1, 0.5}, 5000, 1);
  const FusionFit fit = FitFusion(made.scores, made.labels);
  EXPECT_NEAR(fit.weights[0], 2, 0.2);
  EXPECT_NEAR(fit.weights[1], 1, 0.2);
  EXPECT_NEAR(fit.bias, 0, 0.15);  // although twice as many are fake
}

TEST(FusionFitTest, TheFusionTellsMoreThanEachNetwork) {
  const Made fitted = MakeScores({0.7, 0.6}, 2000, 2), other = MakeScores({0.7, 0.6}, 2000, 3);
  const double fused = FindAuc(other, FitFusion(fitted.scores, fitted.labels));
  for (const auto& network : other.scores)
    EXPECT_GT(fused, RocAuc(RankedScores(network, other.labels)) + 0.02);
}

TEST(FusionFitTest, ANetworkThatSaysTheOppositeIsLeftOut) {
  const Made made = MakeScores({0.8, -0.6}, 1000, 4);
  const FusionFit fit = FitFusion(made.scores, made.labels);
  EXPECT_EQ(fit.weights[1], 0);
  EXPECT_GT(fit.weights[0], 0.5);
}

TEST(FusionFitTest, FewVideosThatALineKeepsApartLeaveTheWeightsNearTheMean) {
  const FusionFit fit = FitFusion({{0.2, 0.8}, {0.4, 0.6}}, std::vector<int>{0, 1});
  for (const double weight : fit.weights) {
    EXPECT_GT(weight, 0.3);
    EXPECT_LT(weight, 1.5);
  }
  EXPECT_NEAR(fit.bias, 0, 1e-6);
}

TEST(FusionFitTest, SamplesAreTheVideosThatAllHaveScored) {
  const auto row = [](const char* path, std::optional<double> score, std::optional<Label> label) {
    ScoreRow made;
    made.path = path;
    made.score = score;
    made.label = label;
    return made;
  };
  const std::vector<ScoreRow> a = {row("x", 0.1, REAL), row("y", 0.9, FAKE), row("z", 0.5, FAKE),
                                   row("unlabelled", 0.5, std::nullopt)};
  const std::vector<ScoreRow> b = {row("y", 0.8, FAKE), row("unlabelled", 0.5, std::nullopt),
                                   row("z", std::nullopt, FAKE), row("x", 0.2, REAL)};
  const FusionSamples samples = ReadSamples({&a, &b});
  EXPECT_EQ(samples.scores, (std::vector<std::vector<double>>{{0.1, 0.9}, {0.2, 0.8}}));
  EXPECT_EQ(samples.labels, (std::vector<int>{0, 1}));
  EXPECT_EQ(samples.rows, (std::vector<std::size_t>{0, 1}));
  const std::vector<ScoreRow> fakes = {row("y", 0.8, FAKE)};
  EXPECT_NE(CatchMessage([&] { ReadSamples({&fakes, &fakes}); }).find("no real video"), std::string::npos);
}

}  // namespace
}  // namespace seam
