// `seam evaluate` with checkpoints: what it asks of the programs beside it, which are scripts here.

#include <algorithm>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// Writes four rows, after --perturb with worse scores, and logs its arguments.
constexpr char kScript[] = R"(#!/bin/sh
here=$(dirname "$0")
echo "$(basename "$0") $*" >> "$here/log"
worse= data= split=
while [ $# -gt 0 ]; do
  case "$1" in
    --jsonl|--output) out=$2; shift;;
    --perturb) worse=$2; shift;;
    --data) data=$(basename "$2"); shift;;
    --split) split=$2; shift;;
    --model) model=$(basename "$2"); shift;;
  esac
  shift
done
[ "$model" = broken ] && { echo "error: broken" >&2; exit 1; }
fake=0.9
[ -n "$worse" ] && fake=0.2
cat > "$out" <<END
{"path":"real/a.mp4","status":"ok","score":0.1,"label":0,"dataset":"$data","split":"$split"}
{"path":"real/b.mp4","status":"ok","score":0.3,"label":0,"dataset":"$data","split":"$split"}
{"path":"fake/a.mp4","status":"ok","score":$fake,"label":1,"dataset":"$data","split":"$split"}
{"path":"fake/b.mp4","status":"no_face","score":null,"label":1,"dataset":"$data","split":"$split"}
END
exit 3
)";

class ScoreRunsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string program = (folder_ / "seam-evaluate").string();
    ASSERT_EQ(RunCommand("cp \"$(command -v seam-evaluate)\" " + Quoted(program)).status, 0);
    for (const char* name : {"seam-infer", "seam-score"}) {
      WriteFile(folder_ / name, kScript);
      fs::permissions(folder_ / name, fs::perms::owner_all);
    }
    for (const char* name : {"one", "two", "broken"}) WriteFile(folder_ / name, name);
  }
  CommandResult Evaluate(const std::string& arguments) const {
    return RunCommand("cd " + folder_.path().string() + "; ./seam-evaluate --resamples 0 " + arguments);
  }
  // The commands that were run.
  std::string Log() const { return fs::exists(folder_ / "log") ? ReadFile(folder_ / "log") : ""; }
  int Runs() const {
    const std::string log = Log();
    return static_cast<int>(std::count(log.begin(), log.end(), '\n'));
  }

  TemporaryFolder folder_;
};

TEST_F(ScoreRunsTest, ACheckpointAndShardsGiveTheMeasures) {
  const auto result = Evaluate("--model one --data X");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("  scored    3 (coverage 75.0 %)\n"), std::string::npos) << result.out;
  EXPECT_NE(Log().find("seam-score --output "), std::string::npos) << Log();
  EXPECT_NE(Log().find(" --model one --data X --split test\n"), std::string::npos) << Log();
  EXPECT_EQ(result.out.find("of each model (rows)"), std::string::npos);  // one cell is no matrix
}

TEST_F(ScoreRunsTest, SeveralModelsAndDatasetsGiveTheMatrix) {
  const auto result = Evaluate("--model one --model two --data d/X --data d/Y --split val --csv m.csv");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("AUC of each model (rows) on each dataset; coverage\n"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("  two    1.0000; 75.0 %  1.0000; 75.0 %  1.0000; 75.0 %\n"), std::string::npos)
      << result.out;
  EXPECT_EQ(Runs(), 4);
  const std::string csv = ReadFile(folder_ / "m.csv");
  for (const char* cell : {"one,X,2,1,0.75,1,,\n", "two,Y,2,1,0.75,1,,\n", "two,all,4,2,0.75,1,,\n"})
    EXPECT_NE(csv.find(cell), std::string::npos) << csv;
}

TEST_F(ScoreRunsTest, AModelThatFailsIsToldAndTheOthersMeasured) {
  const auto result = Evaluate("--model broken --model one --data X");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("seam score failed (exit status 1); see above"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("one\n"), std::string::npos);
  EXPECT_EQ(Evaluate("--model broken --data X").status, 1);
  fs::remove(folder_ / "seam-score");
  EXPECT_NE(Evaluate("--model one --data X").err.find("seam score is not built"), std::string::npos);
}

TEST_F(ScoreRunsTest, PerturbScoresTheVideosOnceForEachLevelAndOnceUntouched) {
  const auto result =
      Evaluate("--model one --perturb blur:1,h264 --infer-options '--frames 4' --csv r.csv clips");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Runs(), 5);
  EXPECT_NE(Log().find(" --model one --label-folders --frames 4 -- clips\n"), std::string::npos) << Log();
  EXPECT_NE(Log().find(" --frames 4 --perturb h264:3 -- clips\n"), std::string::npos) << Log();
  EXPECT_NE(
      result.out.find("  Gaussian blur, level 1 (kernel in pixels 7)    75.0 %         0.5000  -0.5000"),
      std::string::npos)
      << result.out;
  EXPECT_NE(ReadFile(folder_ / "r.csv").find("one,h264,2,30,videos,4,0.75,2,1,0.5,,\n"), std::string::npos);
}

TEST_F(ScoreRunsTest, OptionsOfInferMayHoldPathsWithSpaces) {
  const auto result = Evaluate("--model one --infer-options \"--detector-model 'my files/r.onnx'\" clips");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(Log().find(" --detector-model my files/r.onnx -- clips\n"), std::string::npos) << Log();
  const auto unclosed = Evaluate("--model one --infer-options \"--detector-model 'my\" clips");
  EXPECT_EQ(unclosed.status, 2);
  EXPECT_NE(unclosed.err.find("--infer-options: a quote is never closed"), std::string::npos) << unclosed.err;
}

TEST_F(ScoreRunsTest, KeptScoreFilesAreNotMadeAgainUnlessSomethingChanged) {
  const std::string command = "--model one --perturb blur --keep kept clips";
  EXPECT_EQ(Evaluate(command).status, 0);
  EXPECT_EQ(Runs(), 6);
  const auto again = Evaluate(command);
  EXPECT_EQ(Runs(), 6);
  EXPECT_NE(again.err.find("there already"), std::string::npos) << again.err;
  EXPECT_EQ(Evaluate("--infer-options '--frames 2' " + command).status, 0);
  EXPECT_EQ(Runs(), 12);
  WriteFile(folder_ / "one", "another network");
  EXPECT_EQ(Evaluate("--infer-options '--frames 2' " + command).status, 0);
  EXPECT_EQ(Runs(), 18);
  // A run that was stopped left a part behind.
  for (const auto& entry : fs::directory_iterator(folder_ / "kept")) {
    if (entry.path().string().ends_with("blur-3.json")) fs::remove(entry.path());
  }
  EXPECT_EQ(Evaluate("--infer-options '--frames 2' " + command).status, 0);
  EXPECT_EQ(Runs(), 19);
}

TEST_F(ScoreRunsTest, TheVideosMayBeThoseOfADataset) {
  fs::create_directories(folder_ / "X");
  WriteFile(folder_ / "X/manifest.jsonl",
            R"({"video":"a","file":"real/a.mp4","label":"real","split":"val","status":"ok"})"
            "\n"
            R"({"video":"b","file":"fake/a.mp4","label":"fake","split":"val","status":"ok"})"
            "\n"
            R"({"video":"c","file":"fake/b.mp4","label":"fake","split":"train","status":"ok"})"
            "\n");
  const auto result = Evaluate("--model one --labels X --split val");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(Log().find(" -- fake/a.mp4 real/a.mp4\n"), std::string::npos) << Log();
  EXPECT_NE(result.out.find("measured  1 real, 1 fake"), std::string::npos) << result.out;
  EXPECT_NE(Evaluate("--model one --labels X --split test").err.find("no video is in the split 'test'"),
            std::string::npos);
}

TEST_F(ScoreRunsTest, TheReportAndThePlotsShowTheCurves) {
  const auto result =
      Evaluate("--model one --perturb blur --report r.html --plots p --markdown r.md --json clips");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(ReadFile(folder_ / "r.html").find("<h2>Robustness</h2>"), std::string::npos);
  for (const char* name : {"robustness", "robustness_blur", "robustness_map"}) {
    EXPECT_TRUE(fs::exists(folder_ / "p" / (std::string(name) + ".svg"))) << name;
    EXPECT_TRUE(fs::exists(folder_ / "p" / (std::string(name) + ".png"))) << name;
  }
  EXPECT_NE(ReadFile(folder_ / "r.md").find("| Gaussian blur, level 5"), std::string::npos);
  const std::size_t second = result.out.find('\n') + 1;
  EXPECT_EQ(nlohmann::json::parse(result.out.substr(second))["points"].size(), 5U);
}

TEST_F(ScoreRunsTest, WhatCannotBeMeantIsWrongUse) {
  const auto line = [&](const std::string& arguments) {
    const auto result = Evaluate(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    return result.err;
  };
  EXPECT_EQ(line("--data X"),
            "error: --data: nothing says which network is to score it\nhint: --model CHECKPOINT\n");
  EXPECT_NE(line("--model one").find("--model: nothing to score"), std::string::npos);
  EXPECT_NE(line("--model one --data X clip.mp4").find("videos are named, too"), std::string::npos);
  EXPECT_NE(line("--model one --data X --perturb all").find("works on videos"), std::string::npos);
  EXPECT_NE(line("--perturb all s.csv").find("--perturb: nothing says which network"), std::string::npos);
  EXPECT_NE(line("--model one --perturb blurr v").find("did you mean blur?"), std::string::npos);
  EXPECT_NE(line("--model one --data X --split all").find("of --data one is measured at a time"),
            std::string::npos);
  EXPECT_NE(line("--keep d s.csv").find("--keep: no score files are made"), std::string::npos);
}

}  // namespace
}  // namespace seam
