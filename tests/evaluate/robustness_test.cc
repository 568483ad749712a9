#include "evaluate/robustness.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "evaluate/plots.h"

namespace seam {
namespace {

// Two real videos at .1 and .3, two fake ones at the scores given; a score below 0 stands for none.
std::vector<ScoreRow> Rows(double fake, double other) {
  std::vector<ScoreRow> rows(4);
  const double scores[] = {0.1, 0.3, fake, other};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].path = std::to_string(i);
    rows[i].label = i < 2 ? REAL : FAKE;
    if (scores[i] >= 0) rows[i].score = scores[i];
  }
  return rows;
}

EvaluationOptions Quick() {
  EvaluationOptions options;
  options.bootstrap.resamples = 50;
  return options;
}

Robustness Made() {
  const auto clean = Rows(0.8, 0.9);
  Robustness robustness{"net.safetensors", Evaluate("net.safetensors", clean, Quick()), {}};
  robustness.points = {MeasurePerturbed({"blur", 1}, Rows(0.2, 0.9), clean, Quick()),
                       MeasurePerturbed({"blur", 5}, Rows(0.2, -1), clean, Quick()),
                       MeasurePerturbed({"h264", 3}, Rows(-1, -1), clean, Quick())};
  return robustness;
}

// Of the four pairs three are in order when one fake falls to .2: AUC .75, .25 less than untouched. With the
// other fake lost, .5 on the three that are left, whose untouched AUC is 1.
TEST(RobustnessTest, TheChangeIsAgainstTheSameVideosUntouched) {
  const Robustness robustness = Made();
  EXPECT_EQ(FindAuc(robustness.points[0].videos)->value, 0.75);
  EXPECT_EQ(robustness.points[0].change->a, 0.75);
  EXPECT_EQ(robustness.points[0].change->b, 1);
  EXPECT_EQ(robustness.points[1].videos.coverage(), 0.75);
  EXPECT_EQ(robustness.points[1].change->a, 0.5);
  EXPECT_EQ(robustness.points[1].change->b, 1);
}

TEST(RobustnessTest, WhereNothingIsLeftTheCoverageSaysSo) {
  const Robustness robustness = Made();
  EXPECT_EQ(FindAuc(robustness.points[2].videos), nullptr);
  EXPECT_EQ(robustness.points[2].videos.coverage(), 0.5);
  EXPECT_FALSE(robustness.points[2].change.has_value());
  const Table table = ToTable(robustness);
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows[3][0], "encoded anew as H.264, level 3 (CRF 40)");
  EXPECT_EQ(table.rows[3][1], "50.0 %");
  EXPECT_EQ(table.rows[3][2], "-");
}

TEST(RobustnessTest, EveryPointIsInTheCsvAndTheJson) {
  const Robustness robustness = Made();
  const std::string csv = ToCsv(ToLongTable({robustness}));
  EXPECT_NE(csv.find("net.safetensors,none,0,,videos,4,1,2,2,1,1,1\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("net.safetensors,blur,1,7,videos,4,1,2,2,0.75,"), std::string::npos) << csv;
  EXPECT_NE(csv.find("net.safetensors,h264,3,40,videos,4,0.5,2,0,,,\n"), std::string::npos) << csv;
  const auto json = ToJson(robustness);
  ASSERT_EQ(json["points"].size(), 3U);
  EXPECT_EQ(json["points"][0]["code"], "GB");
  EXPECT_EQ(json["points"][0]["auc_change"], -0.25);
  EXPECT_FALSE(json["points"][2].contains("auc_change"));
}

TEST(RobustnessTest, ThereIsAChartForAllAndOneForEach) {
  const auto charts = MakePlots(std::vector<Robustness>{Made()});
  ASSERT_EQ(charts.size(), 3U);
  EXPECT_EQ(charts[0].file, "robustness");
  EXPECT_EQ(charts[1].file, "robustness_blur");
  ASSERT_EQ(charts[1].series.size(), 1U);
  EXPECT_EQ(charts[1].series[0].points,
            (std::vector<std::pair<double, double>>{{0, 1}, {1, 0.75}, {5, 0.5}}));
  EXPECT_EQ(charts[2].series[0].points.size(), 1U);  // the untouched alone
  const HeatMap map = MakeHeatMap(Made(), "");
  EXPECT_EQ(map.rows, (std::vector<std::string>{"blur", "h264"}));
  EXPECT_EQ(map.values[0][0], 0.75);
  EXPECT_EQ(map.texts[1][2], "-");
}

}  // namespace
}  // namespace seam
