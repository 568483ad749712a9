#include <nlohmann/json.hpp>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

constexpr char kScores[] =
    "path,status,score,label\n"
    "f1.mp4,ok,0.9,fake\nf2.mp4,damaged,0.6,fake\nf3.mp4,ok,0.4,fake\n"
    "r1.mp4,ok,0.6,real\nr2.mp4,ok,0.5,real\nr3.mp4,ok,0.1,real\n"
    "n.mp4,no_face,,real\nu.mp4,unreadable,,fake\n";

class EvaluateProgramTest : public testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text) {
    WriteFile(folder_ / name, text);
    return (folder_ / name).string();
  }
  CommandResult Run(const std::string& arguments) { return RunCommand("seam-evaluate " + arguments); }

  TemporaryFolder folder_;
};

TEST_F(EvaluateProgramTest, PrintsTheMeasuresOfAFile) {
  const std::string scores = File("s.csv", kScores);
  const auto result = Run(scores);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, scores +
                            "\n"
                            "  inputs    8\n"
                            "  scored    6 (coverage 75.0 %)\n"
                            "  measured  3 real, 3 fake\n"
                            "  AUC       0.7222\n"
                            "  AP        0.7556\n"
                            "  EER       0.3333\n"
                            "  log-loss  0.5412\n"
                            "  accuracy  0.5000 at threshold 0.5 (the default)\n");
}

TEST_F(EvaluateProgramTest, AThresholdThatIsGivenIsNotMarked) {
  const auto result = Run("--threshold 0.55 " + File("s.csv", kScores));
  EXPECT_NE(result.out.find("accuracy  0.6667 at threshold 0.55\n"), std::string::npos) << result.out;
}

TEST_F(EvaluateProgramTest, JsonIsOneObjectALine) {
  const std::string scores = File("s.csv", kScores);
  const auto result = Run("--json " + scores + " " + File("t.csv", kScores));
  EXPECT_EQ(result.status, 0) << result.err;
  const std::size_t end = result.out.find('\n');
  ASSERT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2);
  const auto json = nlohmann::json::parse(result.out.substr(0, end));
  EXPECT_EQ(json["file"], scores);
  EXPECT_EQ(json["inputs"], 8);
  EXPECT_EQ(json["scored"], 6);
  EXPECT_EQ(json["coverage"], 0.75);
  EXPECT_EQ(json["real"], 3);
  EXPECT_EQ(json["fake"], 3);
  EXPECT_NEAR(json["auc"].get<double>(), 6.5 / 9, 1e-15);
  EXPECT_NEAR(json["eer"].get<double>(), 1.0 / 3, 1e-15);
  EXPECT_EQ(json["threshold"], 0.5);
  EXPECT_EQ(json["threshold_is_default"], true);
}

TEST_F(EvaluateProgramTest, LabelsOfAnotherFileWin) {
  const std::string labels =
      File("l.csv",
           "filename,label\nf1.mp4,0\nf2.mp4,0\nf3.mp4,0\nr1.mp4,1\nr2.mp4,1\nr3.mp4,1\nelsewhere.mp4,1\n");
  const std::string scores = File("s.csv", kScores);
  const auto result = Run("--labels " + labels + " " + scores);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("AUC       0.2778\n"), std::string::npos) << result.out;
  EXPECT_EQ(result.err, "warning: " + labels + ": 1 of 7 labels fit no row of " + scores + "\n");
}

TEST_F(EvaluateProgramTest, CountsScoredRowsWithoutALabel) {
  const auto result = Run(File("s.csv", std::string(kScores) + "x.mp4,ok,0.5,\n"));
  EXPECT_NE(result.out.find("measured  3 real, 3 fake, 1 without a label\n"), std::string::npos)
      << result.out;
}

TEST_F(EvaluateProgramTest, OneBadFileOfTwoIsToldAndTheOtherMeasured) {
  const std::string missing = (folder_ / "missing.csv").string(), scores = File("s.csv", kScores);
  const auto result = Run(missing + " " + scores);
  EXPECT_EQ(result.status, 3);
  EXPECT_TRUE(result.out.starts_with(scores)) << result.out;
  EXPECT_EQ(result.err,
            "error: " + missing + ": cannot be opened: No such file or directory\nhint: check the path\n");
}

TEST_F(EvaluateProgramTest, WhatCannotBeMeasuredFailsWithAHint) {
  const std::string scores = File("s.csv", "path,score\na.mp4,0.5\nb.mp4,0.6\n");
  const auto unlabelled = Run(scores);
  EXPECT_EQ(unlabelled.status, 1);
  EXPECT_EQ(unlabelled.out, "");
  EXPECT_EQ(unlabelled.err, "error: " + scores +
                                ": none of the 2 scored inputs has a label\n"
                                "hint: give a CSV file with the columns path and label by --labels\n");
  const auto one_class = Run("--labels " + File("l.csv", "path,label\na.mp4,1\nb.mp4,1\n") + " " + scores);
  EXPECT_EQ(one_class.status, 1);
  EXPECT_EQ(one_class.err,
            "error: " + scores +
                ": all 2 labelled and scored inputs are fake\nhint: the measures need both classes\n");
  const std::string failed = File("n.csv", "path,status,score\na.mp4,no_face,\n");
  EXPECT_EQ(Run(failed).err,
            "error: " + failed +
                ": none of the 1 inputs has a score\nhint: the columns status and reason say why\n");
}

TEST_F(EvaluateProgramTest, WrongUseIsStatusTwo) {
  EXPECT_EQ(Run("").status, 2);
  EXPECT_EQ(Run("").err, "error: seam evaluate: no score file named\nhint: seam evaluate scores.csv\n");
  EXPECT_EQ(Run("--threshold 2 s.csv").status, 2);
  const auto unknown = Run("--label l.csv s.csv");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_EQ(unknown.err, "error: --label: no such option\nhint: did you mean --labels?\n");
}

TEST_F(EvaluateProgramTest, HelpIsAResult) {
  const auto result = Run("--help");
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("--threshold"), std::string::npos);
}

}  // namespace
}  // namespace seam
