#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include <fmt/format.h>
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
  const auto result = Run("--resamples 0 " + scores);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out,
            scores +
                "\n"
                "  inputs    8\n"
                "  scored    6 (coverage 75.0 %)\n"
                "  measured  3 real, 3 fake; those without a score are left out\n"
                "  note      where a class has fewer than 10 videos, numbers and intervals are hints\n"
                "without a threshold; coverage 75.0 %\n"
                "  metric           videos\n"
                "  AUC              0.7222\n"
                "  AP               0.7556\n"
                "  EER              0.3333\n"
                "  TPR at FPR 1 %   0.3333\n"
                "  TPR at FPR 10 %  0.3333\n"
                "  log-loss         0.5412\n"
                "  Brier            0.1917\n"
                "  ECE              0.2500\n"
                "at threshold 0.5 (the default; nobody chose it); coverage 75.0 %\n"
                "  metric             videos\n"
                "  accuracy           0.5000\n"
                "  precision          0.5000\n"
                "  recall             0.6667\n"
                "  F1                 0.5714\n"
                "  fakes called fake       2\n"
                "  fakes called real       1\n"
                "  reals called fake       2\n"
                "  reals called real       1\n");
}

// More than stdio holds back, so that a write fails before the end.
TEST_F(EvaluateProgramTest, OutputThatNobodyTakesIsAnErrorButNoFaultOfSeam) {
  std::string files;
  for (int i = 0; i < 30; ++i) files += " " + File("s" + std::to_string(i) + ".csv", kScores);
  const auto result = Run("--resamples 0" + files + " >/dev/full");
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("fault"), std::string::npos) << result.err;
}

TEST_F(EvaluateProgramTest, IntervalsSurroundTheValues) {
  const auto result = Run("--resamples 100 " + File("s.csv", kScores));
  EXPECT_NE(result.out.find("AUC              0.7222 [0."), std::string::npos) << result.out;
  EXPECT_EQ(result.out, Run("--resamples 100 " + File("s.csv", kScores)).out);
  EXPECT_NE(result.out, Run("--resamples 100 --seed 2 " + File("s.csv", kScores)).out);
}

TEST_F(EvaluateProgramTest, AThresholdThatIsGivenIsSaid) {
  const auto result = Run("--resamples 0 --threshold 0.55 " + File("s.csv", kScores));
  EXPECT_NE(result.out.find("at threshold 0.55 (given); coverage 75.0 %\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("accuracy           0.6667\n"), std::string::npos) << result.out;
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
  EXPECT_EQ(json["videos"]["real"], 3);
  EXPECT_EQ(json["videos"]["fake"], 3);
  EXPECT_NEAR(json["videos"]["auc"].get<double>(), 6.5 / 9, 1e-15);
  EXPECT_NEAR(json["videos"]["eer"].get<double>(), 1.0 / 3, 1e-15);
  EXPECT_LE(json["videos"]["auc_interval"][0].get<double>(), 6.5 / 9);
  EXPECT_EQ(json["videos"]["confusion"]["tp"], 2);
  EXPECT_EQ(json["threshold"], 0.5);
  EXPECT_EQ(json["threshold_from"], "default");
}

TEST_F(EvaluateProgramTest, LabelsOrScoresThatAreTurnedRoundAreTold) {
  std::string rows = "path,score,label\n";
  for (int i = 0; i < 8; ++i) rows += fmt::format("r{0},0.{1},0\nf{0},0.0{0},1\n", i, 9 - i);
  const std::string turned = File("t.csv", rows);
  const auto result = Run("--resamples 0 " + turned);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(
      result.err.find("the AUC of 0.000 is far below one half: scores or labels seem to be turned round"),
      std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find("warning   the AUC of 0.000"), std::string::npos) << result.out;
  // Two videos of a class tell nothing.
  const std::string few = File("c.csv", "path,score,label\na,0.1,1\nb,0.2,1\nc,0.9,0\nd,0.15,0\n");
  EXPECT_EQ(Run("--resamples 0 " + few).err.find("turned"), std::string::npos);
}

TEST_F(EvaluateProgramTest, PathsOfWindowsMeetTheirLabels) {
  const std::string scores =
      File("w.csv", "path,score\nD:\\data\\a.mp4,0.9\nD:\\data\\b.mp4,0.2\nD:\\more\\b.mp4,0.1\n");
  const std::string labels = File("l.csv", "filename,label\na.mp4,1.0\ndata/b.mp4,False\nmore/b.mp4,0.0\n");
  const auto result = Run("--resamples 0 --labels " + labels + " " + scores);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("measured  2 real, 1 fake"), std::string::npos) << result.out;
}

TEST_F(EvaluateProgramTest, JsonLinesGiveTheFramesToo) {
  const std::string scores = File(
      "s.jsonl",
      R"({"path":"f.mp4","status":"ok","score":0.8,"label":1,"tracks":[{"frames":[{"score":0.9},{"score":0.7}]},)"
      R"({"score":null,"counts":false,"frames":[{"score":0.1}]}]})"
      "\n"
      R"({"path":"r.mp4","status":"ok","score":0.3,"label":0,"tracks":[{"frames":[{"score":0.8}]}]})"
      "\n");
  const auto result = Run("--resamples 0 " + scores);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("frames    1 of real videos, 2 of fake ones\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("  AUC              1.0000  0.5000\n"), std::string::npos) << result.out;
  const auto broken = Run(File("b.jsonl", "{\"path\":\"a\",\"score\":2}\n"));
  EXPECT_EQ(broken.status, 1);
  EXPECT_NE(broken.err.find("line 1: score is not a number from 0 to 1"), std::string::npos) << broken.err;
  EXPECT_NE(Run(File("c.jsonl", "[]\n")).err.find("line 1: not a JSON object"), std::string::npos);
}

TEST_F(EvaluateProgramTest, ComparesTwoFilesOnTheirCommonVideos) {
  const std::string a = File("a.csv", std::string(kScores) + "only.mp4,ok,0.3,real\n"),
                    b = File("b.csv", kScores);
  const auto result = Run("--compare --resamples 50 " + a + " " + b);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(
      result.out.find("common    6 videos (3 real, 3 fake); 1 in a alone and 0 in b alone are left out"),
      std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("DeLong    AUC 0.7222 against 0.7222: z = 0.000, p = 1"), std::string::npos);
  const std::string c = File("c.csv", "path,score,label\nf1.mp4,0.9,fake\nf2.mp4,,fake\nr1.mp4,0.1,real\n"),
                    d = File("d.csv",
                             "path,score,label\nf1.mp4,0.9,fake\nf2.mp4,0.8,fake\nr1.mp4,0.1,real\n");
  const std::string missing = Run("--compare --missing as-real --resamples 0 " + c + " " + d).out;
  for (const char* text :
       {"common    3 videos (1 real, 2 fake)", "missing   videos without a score count as real",
        "  AUC               0.5000  1.0000   -0.5000         -  -\n"})
    EXPECT_NE(missing.find(text), std::string::npos) << text << missing;
  EXPECT_EQ(Run("--compare " + a).status, 2);
  const std::string other = File("o.csv", "path,score,label\nf1.mp4,0.5,real\nr1.mp4,0.5,fake\n");
  EXPECT_NE(Run("--compare " + a + " " + other).err.find("'f1.mp4' has another label in " + a),
            std::string::npos);
}

TEST_F(EvaluateProgramTest, TheCrossTestIsOneMatrix) {
  const std::string labels = File("l.csv",
                                  "path,label,dataset\nf1.mp4,1,A\nf2.mp4,1,B\nf3.mp4,1,B\nr1.mp4,0,A\n"
                                  "r2.mp4,0,B\nr3.mp4,0,B\n");
  const std::string csv = (folder_ / "m.csv").string();
  const auto result = Run("--cross --resamples 0 --labels " + labels + " --csv " + csv + " " +
                          File("one.csv", kScores) + " " + File("two.csv", kScores));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("AUC of each model (rows) on each dataset; coverage\n"
                            "  model                A                B             all\n"
                            "  one    1.0000; 100.0 %  0.7500; 100.0 %  0.7222; 75.0 %\n"
                            "  two    1.0000; 100.0 %  0.7500; 100.0 %  0.7222; 75.0 %\n"),
            std::string::npos)
      << result.out;
  EXPECT_TRUE(ReadFile(csv).starts_with("model,dataset,real,fake,coverage,auc,low,high\none,A,1,1,1,1,,\n"))
      << ReadFile(csv);
  EXPECT_NE(Run("--cross --metric best " + File("one.csv", kScores)).err.find("'best' is no metric"),
            std::string::npos);
}

TEST_F(EvaluateProgramTest, WritesAReportThatNeedsNothingElse) {
  const std::string report = (folder_ / "r.html").string(), plots = (folder_ / "plots").string();
  const std::string evil = File("<script>.csv", kScores);
  const auto result = Run("--resamples 0 --report " + report + " --plots " + plots + " '" + evil + "'");
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string html = ReadFile(report);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;.csv"), std::string::npos);
  EXPECT_EQ(html.find("://"), std::string::npos);  // nothing is loaded
  EXPECT_NE(html.find("data:image/svg+xml;base64,"), std::string::npos);
  for (const char* name : {"roc", "roc_log", "precision_recall", "det", "scores", "reliability"}) {
    EXPECT_TRUE(ReadFile(folder_ / "plots" / (std::string(name) + ".svg")).starts_with("<?xml")) << name;
    EXPECT_TRUE(ReadFile(folder_ / "plots" / (std::string(name) + ".png")).starts_with("\x89PNG")) << name;
  }
}

TEST_F(EvaluateProgramTest, LabelsOfAnotherFileWin) {
  const std::string labels =
      File("l.csv",
           "filename,label\nf1.mp4,0\nf2.mp4,0\nf3.mp4,0\nr1.mp4,1\nr2.mp4,1\nr3.mp4,1\nelsewhere.mp4,1\n");
  const std::string scores = File("s.csv", kScores);
  const auto result = Run("--resamples 0 --labels " + labels + " " + scores);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("AUC              0.2778\n"), std::string::npos) << result.out;
  EXPECT_EQ(result.err, "warning: " + labels + ": 1 of 7 labels fit no row of " + scores + "\n");
}

TEST_F(EvaluateProgramTest, CountsScoredRowsWithoutALabel) {
  const auto result = Run(File("s.csv", std::string(kScores) + "x.mp4,ok,0.5,\n"));
  EXPECT_NE(result.out.find("measured  3 real, 3 fake, 1 without a label; those"), std::string::npos)
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
  EXPECT_EQ(unlabelled.err,
            "error: " + scores +
                ": none of the 2 scored inputs has a label\n"
                "hint: give a CSV file with the columns path and label, or a dataset folder, by --labels\n");
  const auto one_class = Run("--labels " + File("l.csv", "path,label\na.mp4,1\nb.mp4,1\n") + " " + scores);
  EXPECT_EQ(one_class.status, 1);
  EXPECT_EQ(one_class.err,
            "error: " + scores +
                ": all 2 labelled and scored inputs are fake\nhint: the metrics need both classes\n");
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
