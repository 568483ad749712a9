#include "labels/perturbation.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

std::vector<Perturbation> Parsed(const std::string& text) { return ParsePerturbations("--perturb", text); }

// Jiang et al., "DeeperForensics-1.0", CVPR 2020: the published parameters, level by level.
TEST(PerturbationTest, TheSevenHaveThePublishedParameters) {
  const std::vector<std::pair<std::string, std::vector<double>>> published = {
      {"CS", {0.4, 0.3, 0.2, 0.1, 0}}, {"CC", {0.85, 0.725, 0.6, 0.475, 0.35}},
      {"BW", {16, 32, 48, 64, 80}},    {"GNC", {0.001, 0.002, 0.005, 0.01, 0.05}},
      {"GB", {7, 9, 13, 17, 21}},      {"JPEG", {2, 3, 4, 5, 6}},
      {"VC", {30, 32, 35, 38, 40}}};
  for (std::size_t i = 0; i < published.size(); ++i) {
    EXPECT_EQ(Perturbations()[i].code, published[i].first);
    EXPECT_EQ(Perturbations()[i].levels, published[i].second) << published[i].first;
  }
}

TEST(PerturbationTest, AllAreSevenByFiveAndOurs) {
  EXPECT_EQ(Parsed("deeperforensics").size(), 35U);
  EXPECT_EQ(Parsed("all").size(), 35U + 5 + 5 + 3);
}

TEST(PerturbationTest, AListKeepsTheOrderOfTheTableAndNamesEachOnce) {
  const auto list = Parsed("h264,blur:3,blur:1,blur:3");
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(list[0].Text(), "blur:1");
  EXPECT_EQ(list[1].Words(), "Gaussian blur, level 3 (kernel in pixels 13)");
  EXPECT_EQ(list[2].parameter(), 23);
  EXPECT_EQ(list[4].Text(), "h264:3");
}

TEST(PerturbationTest, NothingIsDoneByNone) {
  EXPECT_TRUE(ParsePerturbation("--perturb", "").none());
  EXPECT_TRUE(ParsePerturbation("--perturb", "none").none());
  EXPECT_EQ(Perturbation().Text(), "none");
}

TEST(PerturbationTest, WhatItDoesNotKnowIsWrongUse) {
  const auto message = [](const std::string& text) {
    return CatchMessage([&] { ParsePerturbations("--perturb", text); });
  };
  EXPECT_EQ(message("blurr"), "--perturb: 'blurr' is no perturbation");
  EXPECT_EQ(CatchHint([] { ParsePerturbations("--perturb", "blurr"); }), "did you mean blur?");
  EXPECT_EQ(message("h264:4"), "--perturb: h264 has no level '4'");
  EXPECT_EQ(CatchHint([] { ParsePerturbations("--perturb", "h264:4"); }),
            "its levels are 1 to 3: CRF 23, 30, 40");
  EXPECT_EQ(message("blur:"), "--perturb: blur has no level ''");
  EXPECT_EQ(message("blur,,noise"), "--perturb: '' is no perturbation");
}

}  // namespace
}  // namespace seam
