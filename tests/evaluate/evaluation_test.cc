#include "evaluate/evaluation.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include <gtest/gtest.h>

#include "evaluate/evaluation_text.h"
#include "tests/support/support.h"

namespace seam {
namespace {

ScoreRow Row(const std::string& path, std::optional<double> score, std::optional<int> label) {
  ScoreRow row;
  row.path = path;
  row.score = score;
  if (label) row.label = *label == 1 ? FAKE : REAL;
  return row;
}

// The metric of the slice by its key.
double GetValue(const Slice& slice, const std::string& key) {
  for (std::size_t i = 0; i < Metrics().size(); ++i) {
    if (Metrics()[i].key == key) return slice.metrics[i].value;
  }
  throw std::out_of_range(key);
}

EvaluationOptions Plain(const std::string& threshold = "", const std::string& missing = "exclude") {
  EvaluationOptions options{threshold, missing, {}};
  options.bootstrap.resamples = 0;
  return options;
}

std::string MessageFor(const std::vector<ScoreRow>& rows) {
  return CatchMessage([&] { Evaluate("s.csv", rows, {}); });
}

TEST(EvaluateTest, CountsWhatIsAndIsNotMeasured) {
  const Evaluation evaluation = Evaluate("s.csv",
                                         {Row("a", 0.9, 1), Row("b", 0.2, 0), Row("c", 0.3, 0),
                                          Row("d", 0.8, std::nullopt), Row("e", std::nullopt, 1)},
                                         Plain("0.25"));
  EXPECT_EQ(evaluation.inputs, 5);
  EXPECT_EQ(evaluation.scored(), 4);
  EXPECT_EQ(evaluation.unlabelled, 1);
  EXPECT_EQ(evaluation.videos.real, 2);
  EXPECT_EQ(evaluation.videos.fake, 1);
  EXPECT_EQ(evaluation.coverage(), 0.8);
  EXPECT_EQ(evaluation.videos.coverage(), 0.75);  // of the four with a label
  EXPECT_EQ(GetValue(evaluation.videos, "auc"), 1);
  EXPECT_NEAR(GetValue(evaluation.videos, "accuracy"), 2.0 / 3, 1e-15);
  EXPECT_EQ(evaluation.videos.confusion.false_positives, 1);
  EXPECT_FALSE(evaluation.frames);
}

TEST(EvaluateTest, MissingScoresCountAsTheUserSays) {
  const std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("b", std::nullopt, 1), Row("c", 0.2, 0),
                                      Row("d", std::nullopt, 0)};
  EXPECT_EQ(GetValue(Evaluate("s", rows, Plain()).videos, "accuracy"), 1);
  // The missing fake becomes a miss, the missing real is right.
  const Evaluation as_real = Evaluate("s", rows, Plain("", "as-real"));
  EXPECT_EQ(GetValue(as_real.videos, "accuracy"), 0.75);
  EXPECT_EQ(GetValue(as_real.videos, "recall"), 0.5);
  const Evaluation as_fake = Evaluate("s", rows, Plain("", "as-fake"));
  EXPECT_EQ(GetValue(as_fake.videos, "accuracy"), 0.75);
  EXPECT_EQ(GetValue(as_fake.videos, "recall"), 1);
  EXPECT_EQ(as_fake.videos.coverage(), 0.5);
}

// Two methods: one above all reals, one below.
TEST(EvaluateTest, EachMethodStandsAgainstAllReals) {
  std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("b", 0.8, 1), Row("c", 0.1, 1), Row("r", 0.5, 0),
                                Row("s", 0.4, 0)};
  rows[0].method = rows[1].method = "easy";
  rows[2].method = "hard";
  for (auto& row : rows) row.dataset = row.method == "hard" ? "two" : "one";
  const Evaluation evaluation = Evaluate("s", rows, Plain());
  ASSERT_EQ(evaluation.methods.size(), 2U);
  EXPECT_EQ(evaluation.methods[0].name, "easy");
  EXPECT_EQ(evaluation.methods[0].real, 2);
  EXPECT_EQ(evaluation.methods[0].fake, 2);
  EXPECT_EQ(GetValue(evaluation.methods[0], "auc"), 1);
  EXPECT_EQ(GetValue(evaluation.methods[1], "auc"), 0);
  ASSERT_EQ(evaluation.datasets.size(), 2U);
  EXPECT_EQ(GetValue(evaluation.datasets[0], "auc"), 1);
  EXPECT_FALSE(evaluation.datasets[0].all_reals);
  EXPECT_NE(ToText(evaluation).find("by method, each against all reals"), std::string::npos);
}

// Fakes alone, as in DeeperForensics-1.0, whose reals lie in another dataset.
TEST(EvaluateTest, ADatasetWithoutRealsStandsAgainstAllOthers) {
  std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("b", 0.3, 1), Row("r", 0.5, 0), Row("s", 0.2, 0)};
  rows[0].dataset = rows[2].dataset = rows[3].dataset = "one";
  rows[1].dataset = "two";
  const Evaluation evaluation = Evaluate("s", rows, Plain());
  ASSERT_EQ(evaluation.datasets.size(), 2U);
  EXPECT_EQ(GetValue(evaluation.datasets[0], "auc"), 1);
  EXPECT_TRUE(evaluation.datasets[1].all_reals);
  EXPECT_EQ(evaluation.datasets[1].real, 2);
  EXPECT_EQ(GetValue(evaluation.datasets[1], "auc"), 0.5);
  EXPECT_NE(ToText(evaluation).find("two (against all reals: it has none)"), std::string::npos);
  EXPECT_EQ(ToJson(evaluation)["datasets"][0]["reals"], "own");
  EXPECT_EQ(ToJson(evaluation)["datasets"][1]["reals"], "all");
}

TEST(EvaluateTest, FramesOfEachMethodAndDatasetAreMeasuredToo) {
  std::vector<ScoreRow> rows = {Row("a", 0.8, 1), Row("r", 0.3, 0)};
  rows[0].method = "swap";
  rows[0].dataset = rows[1].dataset = "one";
  rows[0].frame_scores = {0.9, 0.1};
  rows[1].frame_scores = {0.3};
  const Evaluation evaluation = Evaluate("s", rows, Plain());
  ASSERT_EQ(evaluation.method_frames.size(), 1U);
  EXPECT_EQ(GetValue(evaluation.method_frames[0], "auc"), 0.5);
  ASSERT_EQ(evaluation.dataset_frames.size(), 1U);
  EXPECT_EQ(evaluation.dataset_frames[0].fake, 2);
  EXPECT_EQ(ToJson(evaluation)["methods"][0]["frames"]["auc"], 0.5);
  const std::string csv = ToCsv(ToLongTable({evaluation}));
  EXPECT_NE(csv.find("s,method,swap,frames,2,1,1,2,auc,0.5,,\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("s,all,,videos,2,1,1,1,tp,1,,\n"), std::string::npos) << csv;
}

TEST(EvaluateTest, WhatTheNetworkSawInTrainingIsSaid) {
  std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("r", 0.3, 0)};
  rows[0].threshold = rows[1].threshold = 0.6;
  EXPECT_TRUE(ListWarnings(Evaluate("s", rows, Plain())).empty());
  rows[0].chosen_on = rows[1].chosen_on = "epoch";
  EXPECT_FALSE(Evaluate("s", rows, Plain()).threshold.chosen_here());
  rows[0].chosen_on = rows[1].chosen_on = "epoch and threshold";
  const Evaluation chosen = Evaluate("s", rows, Plain());
  EXPECT_TRUE(chosen.threshold.chosen_here());
  EXPECT_NE(ToText(chosen).find("at threshold 0.6 (stored; it was chosen on these very data"),
            std::string::npos)
      << ToText(chosen);
  EXPECT_EQ(ToJson(chosen)["threshold_chosen_on_these_videos"], true);
  EXPECT_FALSE(Evaluate("s", rows, Plain("0.5")).threshold.chosen_here());
  rows[0].trained_on = true;
  const Evaluation trained = Evaluate("s", rows, Plain());
  ASSERT_EQ(ListWarnings(trained).size(), 2U);
  EXPECT_EQ(ListWarnings(trained)[0],
            "the network was trained on 1 of these 2 inputs: the numbers say what it learned by heart, not "
            "what it can do");
}

TEST(EvaluateTest, NotesOfTheRowsAreRepeatedOnce) {
  std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("r", 0.3, 0)};
  rows[0].note = rows[1].note = "another detector";
  const std::string text = ToText(Evaluate("s", rows, Plain()));
  EXPECT_NE(text.find("  note      another detector\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("another detector"), text.rfind("another detector"));
}

TEST(EvaluateTest, FramesAreMeasuredByThemselvesAndDrawnByVideo) {
  std::vector<ScoreRow> rows = {Row("a", 0.7, 1), Row("r", 0.3, 0)};
  rows[0].frame_scores = {0.9, 0.2};
  rows[1].frame_scores = {0.1, 0.5};
  EvaluationOptions options;
  options.bootstrap.resamples = 50;
  const Evaluation evaluation = Evaluate("s", rows, options);
  ASSERT_TRUE(evaluation.frames);
  EXPECT_EQ(evaluation.frames->real, 2);
  EXPECT_EQ(GetValue(*evaluation.frames, "auc"), 0.75);
  // One video of each class: every resample is the data, so that frames of one video are never mixed anew.
  EXPECT_EQ(evaluation.frames->metrics[0].interval.low, 0.75);
  EXPECT_EQ(evaluation.frames->metrics[0].interval.high, 0.75);
}

TEST(EvaluateTest, TheThresholdIsTheFilesOwnUnlessOneIsGiven) {
  std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("r", 0.3, 0)};
  EXPECT_EQ(Evaluate("s", rows, Plain()).threshold.source, "default");
  rows[0].threshold = rows[1].threshold = 0.2;
  const Evaluation stored = Evaluate("s", rows, Plain());
  EXPECT_EQ(stored.threshold.source, "stored");
  EXPECT_EQ(stored.threshold.value, 0.2);
  EXPECT_EQ(Evaluate("s", rows, Plain("0.4")).threshold.source, "given");
  rows[1].threshold = 0.3;  // not one threshold for all
  EXPECT_EQ(Evaluate("s", rows, Plain()).threshold.source, "default");
}

TEST(EvaluateTest, AThresholdThatWasChosenHereIsMarked) {
  const std::vector<ScoreRow> rows = {Row("a", 0.9, 1), Row("b", 0.8, 1), Row("r", 0.7, 0), Row("s", 0.2, 0)};
  const Evaluation chosen = Evaluate("s", rows, Plain("youden"));
  EXPECT_NEAR(chosen.threshold.value, 0.75, 1e-15);  // between the lowest fake and the highest real
  EXPECT_TRUE(chosen.threshold.chosen_here());
  EXPECT_NE(ToText(chosen).find("(chosen by youden on these very videos: what follows is too good)"),
            std::string::npos);
  EXPECT_EQ(ToJson(chosen)["threshold_chosen_on_these_videos"], true);
  EXPECT_EQ(CatchMessage([&] { Evaluate("s", rows, Plain("best")); }),
            "--threshold: 'best' is not a number from 0 to 1");
}

TEST(EvaluateTest, WhatCannotBeMeasuredIsAnError) {
  EXPECT_EQ(MessageFor({}), "s.csv: has no rows");
  EXPECT_EQ(MessageFor({Row("a", std::nullopt, 1), Row("b", std::nullopt, 0)}),
            "s.csv: none of the 2 inputs has a score");
  EXPECT_EQ(MessageFor({Row("a", 0.5, std::nullopt)}), "s.csv: none of the 1 scored inputs has a label");
  EXPECT_EQ(MessageFor({Row("a", 0.5, 1), Row("b", 0.6, 1), Row("c", std::nullopt, 0)}),
            "s.csv: all 2 labelled and scored inputs are fake");
  EXPECT_EQ(MessageFor({Row("a", 0.5, 0)}), "s.csv: all 1 labelled and scored inputs are real");
  EXPECT_EQ(MessageFor({Row("a", 0.5, 0), Row("a", 0.6, 1)}), "s.csv: 'a' stands on two rows");
}

}  // namespace
}  // namespace seam
