#include "evaluate/evaluation.h"

#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

ScoreRow Row(const std::string& path, std::optional<double> score, std::optional<int> label) {
  ScoreRow row;
  row.path = path;
  row.score = score;
  row.label = label;
  return row;
}

std::string MessageFor(const std::vector<ScoreRow>& rows) {
  return MessageOf([&] { Evaluate("s.csv", rows, 0.5); });
}

std::string LabelMessageFor(const std::string& text) {
  const TemporaryFolder folder;
  WriteFile(folder / "l.csv", text);
  const auto message = MessageOf([&] { ReadLabels(folder / "l.csv"); });
  return message.substr(message.empty() ? 0 : (folder / "l.csv").string().size() + 2);
}

TEST(EvaluateTest, CountsWhatIsAndIsNotMeasured) {
  const Evaluation evaluation = Evaluate("s.csv",
                                         {Row("a", 0.9, 1), Row("b", 0.2, 0), Row("c", 0.3, 0),
                                          Row("d", 0.8, std::nullopt), Row("e", std::nullopt, 1)},
                                         0.25);
  EXPECT_EQ(evaluation.inputs, 5);
  EXPECT_EQ(evaluation.scored(), 4);
  EXPECT_EQ(evaluation.unlabelled, 1);
  EXPECT_EQ(evaluation.real, 2);
  EXPECT_EQ(evaluation.fake, 1);
  EXPECT_EQ(evaluation.coverage(), 0.8);
  EXPECT_EQ(evaluation.auc, 1);
  EXPECT_NEAR(evaluation.accuracy, 2.0 / 3, 1e-15);
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

TEST(ApplyLabelsTest, ExactPathsWinOverFileNames) {
  std::vector<ScoreRow> rows = {Row("x/a.mp4", 0.5, 0), Row("b.mp4", 0.5, std::nullopt)};
  EXPECT_EQ(ApplyLabels({{"x/a.mp4", 1}, {"y/a.mp4", 0}, {"z/b.mp4", 1}}, &rows), 1U);
  EXPECT_EQ(rows[0].label, 1);
  EXPECT_EQ(rows[1].label, 1);
}

TEST(ApplyLabelsTest, AFileNameThatIsNotUniqueMatchesNothing) {
  std::vector<ScoreRow> rows = {Row("x/a.mp4", 0.5, std::nullopt), Row("y/a.mp4", 0.5, std::nullopt),
                                Row("b.mp4", 0.5, std::nullopt)};
  EXPECT_EQ(ApplyLabels({{"a.mp4", 1}, {"x/b.mp4", 0}, {"y/b.mp4", 1}}, &rows), 3U);
  for (const auto& row : rows) EXPECT_EQ(row.label, std::nullopt) << row.path;
}

TEST(ApplyLabelsTest, RowsThatNoLabelNamesKeepTheirOwn) {
  std::vector<ScoreRow> rows = {Row("a.mp4", 0.5, 1)};
  EXPECT_EQ(ApplyLabels({}, &rows), 0U);
  EXPECT_EQ(rows[0].label, 1);
}

TEST(ReadLabelsTest, ReadsPathOrFilename) {
  const TemporaryFolder folder;
  WriteFile(folder / "l.csv", "filename,label,split\na.mp4,FAKE,x\nb.mp4,0,y\n");
  EXPECT_EQ(ReadLabels(folder / "l.csv"), (std::map<std::string, int>{{"a.mp4", 1}, {"b.mp4", 0}}));
  WriteFile(folder / "l.csv", "label,path\nreal,x/a.mp4\n");
  EXPECT_EQ(ReadLabels(folder / "l.csv"), (std::map<std::string, int>{{"x/a.mp4", 0}}));
}

TEST(ReadLabelsTest, ErrorsNameColumnOrLine) {
  EXPECT_EQ(LabelMessageFor("name,label\na,1\n"), "has no column 'path'");
  EXPECT_EQ(LabelMessageFor("path,class\na,1\n"), "has no column 'label'");
  EXPECT_EQ(LabelMessageFor("path,label\na,1\nb,\n"), "line 3: label '' is neither real (0) nor fake (1)");
  EXPECT_EQ(LabelMessageFor("path,label\na,1\na,fake\na,real\n"), "line 4: 'a' is real and fake");
}

}  // namespace
}  // namespace seam
