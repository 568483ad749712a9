// The program `seam infer` as a user runs it.

#include <algorithm>
#include <cmath>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "scores/score_file.h"
#include "tests/infer/made_result.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class InferProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SEAM_NEEDS_DEMO_CLIP();
    MakeCheckpoint(folder_ / "m.safetensors");
  }
  CommandResult Infer(const std::string& arguments) const {
    return RunCommand("seam infer --frames 4 --model " + (folder_ / "m.safetensors").string() + " " +
                      arguments);
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }
  static std::string Demo() { return Quoted(DemoClip().string()); }

  TemporaryFolder folder_;
};

TEST_F(InferProgramTest, OneVideoGivesOneVerdict) {
  const CommandResult result = Infer(Demo() + " --output " + At("s.csv"));
  EXPECT_EQ(result.status, 0) << result.err;
  const auto rows = ReadScoreFile(At("s.csv"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].status, Status::kOk);
  ASSERT_TRUE(rows[0].score.has_value());
  EXPECT_EQ(rows[0].verdict, *rows[0].score >= 0.5 ? Verdict::kFake : Verdict::kReal);
  EXPECT_EQ(rows[0].frames, 4);
  EXPECT_EQ(rows[0].faces, 4);
  EXPECT_EQ(rows[0].tracks, 1);
  EXPECT_NE(result.err.find("note: random weights"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find(GetName(*rows[0].verdict)), std::string::npos) << result.out;
}

TEST_F(InferProgramTest, EveryInputHasARowAndBadOnesAreListed) {
  WriteFile(At("text.mp4"), "no video");
  MakeVideo(At("grey.mp4"), "-f lavfi -i color=gray:size=320x240:rate=10:duration=1");
  MakeVideo(At("whole.mp4"), "-i " + Demo() + " -c copy -movflags +faststart");
  const std::string whole = ReadFile(At("whole.mp4"));
  WriteFile(At("half.mp4"), whole.substr(0, whole.size() / 2));
  fs::create_directories(At("empty"));
  const CommandResult result =
      Infer(At("none.mp4") + " " + At("text.mp4") + " " + At("empty") + " " + At("grey.mp4") + " " +
            At("half.mp4") + " " + At("whole.mp4") + " --output " + At("s.csv"));
  EXPECT_EQ(result.status, 3) << result.err;
  std::ostringstream verdicts;
  for (const ScoreRow& row : ReadScoreFile(At("s.csv"))) {
    verdicts << fs::path(row.path).filename().string() << " " << GetName(row.status)
             << (row.score ? " scored" : " none") << "\n";
  }
  EXPECT_EQ(
      verdicts.str(),
      "none.mp4 unreadable none\ntext.mp4 unreadable none\nempty unreadable none\ngrey.mp4 no_face none\n"
      "half.mp4 damaged scored\nwhole.mp4 ok scored\n");
  for (const char* line : {"none.mp4: no such file or folder\nhint: ",
                           "text.mp4: is not a video or picture that Seam knows\nhint: ",
                           "empty: holds no video or picture\nhint: ", "half.mp4: the file is cut off"}) {
    EXPECT_NE(result.err.find(line), std::string::npos) << line << "\n" << result.err;
  }
}

TEST_F(InferProgramTest, ScoresDoNotDependOnThreadsOrCompany) {
  MakeVideo(At("other.mp4"), "-i " + Demo() + " -vf hflip");
  ASSERT_EQ(Infer(Demo() + " --jobs 1 --output " + At("alone.csv")).status, 0);
  ASSERT_EQ(Infer(At("other.mp4") + " " + Demo() + " --jobs 4 --batch 3 --output " + At("both.csv")).status,
            0);
  const auto alone = ReadScoreFile(At("alone.csv")), both = ReadScoreFile(At("both.csv"));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_NEAR(*alone[0].score, *both[1].score, 1e-6);
}

TEST_F(InferProgramTest, JsonLinesHoldTracksAndFrames) {
  const CommandResult result = Infer(Demo() + " --jsonl -");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.at("tracks").size(), 1U);
  const auto& track = json["tracks"][0];
  ASSERT_EQ(track.at("frames").size(), 4U);
  double sum = 0;
  for (const auto& frame : track["frames"]) sum += frame.at("score").get<double>();
  EXPECT_NEAR(track.at("score").get<double>(), sum / 4, 1e-12);
  EXPECT_NEAR(json.at("score").get<double>(), sum / 4, 1e-12);
}

TEST_F(InferProgramTest, TheThresholdDecidesTheVerdict) {
  EXPECT_NE(Infer(Demo() + " --threshold 0").out.find(" fake "), std::string::npos);
  EXPECT_NE(Infer(Demo() + " --threshold 1").out.find(" real "), std::string::npos);
}

TEST_F(InferProgramTest, AForcedDetectorIsSaid) {
  const CommandResult result = Infer(Demo() + " --detect-size 300");
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.err.find("found by hog at 300 pixels, but the network was trained on hog at 400"),
            std::string::npos)
      << result.err;
}

TEST_F(InferProgramTest, LabelledFoldersGoStraightToEvaluate) {
  for (const char* label : {"real", "fake"}) {
    fs::create_directories(folder_ / label);
    for (int i = 0; i < 2; ++i) {
      MakeVideo(folder_ / label / (std::to_string(i) + ".mp4"),
                "-i " + Demo() + " -t 0.4 -vf eq=brightness=0." + std::to_string(i) +
                    (label[0] == 'f' ? ",negate=components=u" : ""));
    }
  }
  ASSERT_EQ(Infer(At("real") + " " + At("fake") + " --label-folders --output " + At("s.csv")).status, 0);
  const CommandResult result = RunCommand("seam evaluate " + At("s.csv"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("AUC"), std::string::npos) << result.out;
}

TEST_F(InferProgramTest, NamesThatCsvAndTerminalsDislike) {
  const std::string name = folder_.path().string() + "/-a, \"b\"\n.mp4";
  fs::copy_file(DemoClip(), name);
  const CommandResult result = Infer("--output " + At("s.csv") + " -- " + Quoted(name));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ReadScoreFile(At("s.csv")).at(0).path, name);
}

TEST_F(InferProgramTest, ADamagedVideoThatCouldBeScoredIsNoFailure) {
  MakeVideo(At("whole.mp4"), "-i " + Demo() + " -c copy -movflags +faststart");
  const std::string whole = ReadFile(At("whole.mp4"));
  WriteFile(At("half.mp4"), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(Infer(At("half.mp4")).status, 3);
}

TEST_F(InferProgramTest, AllInputsBadIsAFailure) {
  const CommandResult result = Infer(At("none.mp4") + " " + At("nothing"));
  EXPECT_EQ(result.status, 1);
}

TEST_F(InferProgramTest, BadModelsAreOneLineAndAHint) {
  WriteFile(At("text.safetensors"), "this is no checkpoint");
  const std::string line = "seam infer " + Demo() + " --model ";
  for (const char* name : {"text.safetensors", "none.safetensors"}) {
    const CommandResult result = RunCommand(line + At(name));
    EXPECT_EQ(result.status, 1) << name;
    EXPECT_TRUE(result.err.starts_with("error: " + At(name) + ": ")) << result.err;
    EXPECT_NE(result.err.find("\nhint: "), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 2) << result.err;
  }
}

TEST_F(InferProgramTest, AnOutputThatCannotBeWrittenIsNamed) {
  const CommandResult result = Infer(Demo() + " --output " + At("none/s.csv"));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("none/s.csv: cannot be written: No such file or directory"), std::string::npos)
      << result.err;
}

// Three short videos in a folder of their own: `clips`.
class InferFolderTest : public InferProgramTest {
 protected:
  void SetUp() override {
    InferProgramTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(folder_ / "clips/deep");
    for (const char* name : {"clips/a.mp4", "clips/b.mp4", "clips/deep/c.mp4"})
      MakeVideo(At(name), "-i " + Demo() + " -t 0.4 -vf eq=brightness=0.0" + std::to_string(name[6] % 3));
  }
  static std::vector<std::string> Names(const std::string& csv) {
    std::vector<std::string> names;
    for (const ScoreRow& row : ReadScoreFile(csv)) names.push_back(fs::path(row.path).filename().string());
    return names;
  }
};

TEST_F(InferFolderTest, FoldersPatternsAndListsNameTheSameFiles) {
  using Names = std::vector<std::string>;
  ASSERT_EQ(Infer(At("clips") + " --no-recursive --output " + At("flat.csv")).status, 0);
  EXPECT_EQ(InferFolderTest::Names(At("flat.csv")), (Names{"a.mp4", "b.mp4"}));
  ASSERT_EQ(Infer(Quoted(At("clips/**/*.mp4")) + " --output " + At("pattern.csv")).status, 0);
  const CommandResult piped =
      RunCommand("find " + At("clips") + " -name '*.mp4' | sort | seam infer --frames 4 --model " +
                 At("m.safetensors") + " - --output " + At("list.csv"));
  ASSERT_EQ(piped.status, 0) << piped.err;
  EXPECT_EQ(ReadFile(At("pattern.csv")), ReadFile(At("list.csv")));
  EXPECT_EQ(InferFolderTest::Names(At("list.csv")), (Names{"a.mp4", "b.mp4", "c.mp4"}));
}

TEST_F(InferFolderTest, ResultsComeInTheOrderOfTheInputsOrAsTheyAreReady) {
  const std::string inputs = At("clips/b.mp4") + " " + At("none.mp4") + " " + At("clips/a.mp4");
  ASSERT_EQ(Infer(inputs + " --output " + At("s.csv")).status, 3);
  EXPECT_EQ(Names(At("s.csv")), (std::vector<std::string>{"b.mp4", "none.mp4", "a.mp4"}));
  ASSERT_EQ(Infer(inputs + " --unordered --output " + At("u.csv")).status, 3);
  auto names = Names(At("u.csv"));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a.mp4", "b.mp4", "none.mp4"}));
}

TEST_F(InferFolderTest, AResumedRunHasTheBytesOfAWholeOne) {
  const std::string arguments =
      At("clips") + " " + At("none.mp4") + " --output " + At("s.csv") + " --jsonl " + At("s.jsonl");
  ASSERT_EQ(Infer(arguments).status, 3);
  const std::string csv = ReadFile(At("s.csv")), jsonl = ReadFile(At("s.jsonl"));
  // Killed while it wrote the second row.
  const std::size_t second = csv.find('\n', csv.find('\n') + 1) + 1;
  WriteFile(At("s.csv"), csv.substr(0, second + 10));
  WriteFile(At("s.jsonl"), jsonl.substr(0, jsonl.find('\n') + 1));
  for (const char* file : {"s.csv", "s.jsonl"}) ForgetEnd((folder_ / file).string());
  const CommandResult resumed = Infer(arguments + " --resume");
  EXPECT_EQ(resumed.status, 3) << resumed.err;
  EXPECT_NE(resumed.err.find("1 of 4 inputs are done already"), std::string::npos) << resumed.err;
  EXPECT_EQ(ReadFile(At("s.csv")), csv);
  EXPECT_EQ(ReadFile(At("s.jsonl")), jsonl);
  // Nothing is left to do, and the failure of the earlier run is still one.
  EXPECT_EQ(Infer(arguments + " --resume").status, 3);
  EXPECT_EQ(ReadFile(At("s.csv")), csv);
}

// One frame of 30 shows a face: a detector's single mistake must decide nothing, and everybody is told.
TEST_F(InferProgramTest, APersonSeenInOneOfManyFramesDecidesNothing) {
  MakeVideo(At("once.mp4"),
            "-i " + Demo() +
                " -vf \"setpts=N/30/TB,geq=lum='if(eq(N,0),lum(X,Y),128)'"
                ":cb='if(eq(N,0),cb(X,Y),128)':cr='if(eq(N,0),cr(X,Y),128)'\" -frames:v 30 -r 30");
  const CommandResult result =
      RunCommand("seam infer --frames 30 --model " + At("m.safetensors") + " " + At("once.mp4") +
                 " --output " + At("s.csv") + " --jsonl " + At("s.jsonl") + " --report " + At("r.html"));
  ASSERT_EQ(result.status, 0) << result.err;
  const ScoreRow row = ReadScoreFile(At("s.csv")).at(0);
  EXPECT_EQ(row.verdict, Verdict::kUncertain);
  EXPECT_EQ(row.reason, "seen in 1 of 30 frames");
  EXPECT_EQ(ReadScoreFile(At("s.jsonl")).at(0).cautions, std::vector<Caution>{FewFrames(1, 30)});
  EXPECT_NE(result.out.find("seen in 1 of 30 frames"), std::string::npos) << result.out;
  EXPECT_NE(ReadFile(At("r.html")).find("Caution: seen in 1 of 30 frames."), std::string::npos);
}

TEST_F(InferFolderTest, AnotherModelDoesNotGoOnWithARun) {
  ASSERT_EQ(Infer(At("clips/a.mp4") + " --output " + At("s.csv")).status, 0);
  const std::string before = ReadFile(At("s.csv"));
  MakeCheckpoint(folder_ / "m.safetensors", {.seed = 4});
  const CommandResult result = Infer(At("clips") + " --output " + At("s.csv") + " --resume");
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("s.csv: was made with another model_sha256"), std::string::npos) << result.err;
  EXPECT_EQ(ReadFile(At("s.csv")), before);
}

TEST_F(InferFolderTest, AnInterruptedRunLeavesWholeLinesAndGoesOn) {
  for (int i = 0; i < 40; ++i) {
    fs::copy_file(At("clips/a.mp4"), At("clips/copy" + std::to_string(i) + ".mp4"));
  }
  const std::string line =
      "seam infer --jobs 1 --model " + At("m.safetensors") + " " + At("clips") + " --output " + At("s.csv");
  // Interrupted as soon as it has written a row.
  const CommandResult result =
      RunCommand("mkfifo " + At("rows") + "; exec 3<>" + At("rows") + "; " + line + " >&3 & read -r head <" +
                 At("rows") + "; read -r row <" + At("rows") + "; kill -TERM $!; wait $!");
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_NE(result.err.find("stopped after"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("hint: the same command with --resume goes on"), std::string::npos) << result.err;
  const std::string part = ReadFile(At("s.csv"));
  EXPECT_TRUE(part.ends_with("\n"));
  EXPECT_LT(ReadScoreFile(At("s.csv")).size(), 43U);
  ASSERT_EQ(RunCommand(line + " --resume").status, 0);
  EXPECT_TRUE(ReadFile(At("s.csv")).starts_with(part));
  EXPECT_EQ(ReadScoreFile(At("s.csv")).size(), 43U);
}

TEST_F(InferFolderTest, PipelinesCanFailOnAVerdict) {
  const std::string clip = At("clips/a.mp4");
  EXPECT_EQ(Infer(clip + " --threshold 0 --fail-on fake").status, 4);
  EXPECT_EQ(Infer(clip + " --threshold 1 --fail-on fake").status, 0);
  EXPECT_EQ(Infer(clip + " " + At("none.mp4") + " --threshold 1 --fail-on fake,error").status, 4);
  const CommandResult wrong = Infer(clip + " --fail-on forged");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("--fail-on: 'forged' is no verdict"), std::string::npos) << wrong.err;
}

TEST_F(InferFolderTest, ACalibratedCheckpointGivesProbabilitiesAndUncertainty) {
  MakeCheckpoint(folder_ / "m.safetensors",
                 {.calibration = Calibration{.temperature = 2, .band_low = 0, .band_high = 1}});
  ASSERT_EQ(Infer(At("clips/a.mp4") + " --output " + At("s.csv")).status, 0);
  const ScoreRow row = ReadScoreFile(At("s.csv")).at(0);
  EXPECT_EQ(row.verdict, Verdict::kUncertain);
  EXPECT_EQ(row.threshold, 0.5);
  ASSERT_TRUE(row.probability.has_value());
  EXPECT_NEAR(std::log(*row.probability / (1 - *row.probability)) * 2,
              std::log(*row.score / (1 - *row.score)), 1e-6);
}

TEST_F(InferFolderTest, WhatTheUserForcesIsInEveryOutput) {
  const CommandResult result = Infer(At("clips/a.mp4") + " --detect-size 300 --aggregate max --output " +
                                     At("s.csv") + " --jsonl " + At("s.jsonl"));
  ASSERT_EQ(result.status, 0) << result.err;
  for (const std::string& text : {result.err, result.out, ReadScoreFile(At("s.csv")).at(0).note,
                                  ReadScoreFile(At("s.jsonl")).at(0).note}) {
    EXPECT_NE(text.find("hog at 300 pixels, but the network was trained on hog at 400"), std::string::npos)
        << text;
    EXPECT_NE(text.find("the max over the frames, but the threshold is for the mean"), std::string::npos)
        << text;
  }
}

TEST_F(InferFolderTest, ANetworkOfWindowsScoresWindowsAsTheyWereTrained) {
  MakeCheckpoint(folder_ / "m.safetensors", {.window = 3, .window_step = 2});
  const std::string line =
      "seam infer --model " + At("m.safetensors") + " " + At("clips/a.mp4") + " --jsonl - ";
  const CommandResult result = RunCommand(line + "--windows 2");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  const auto& windows = json.at("tracks").at(0).at("windows");
  ASSERT_EQ(windows.size(), 2U);
  double sum = 0;
  for (const auto& window : windows) {
    ASSERT_EQ(window.at("frames").size(), 3U);
    for (int i = 1; i < 3; ++i) {
      EXPECT_EQ(window["frames"][i].at("index").get<int>(),
                window["frames"][i - 1].at("index").get<int>() + 2);
    }
    sum += window.at("score").get<double>();
  }
  EXPECT_NEAR(json.at("score").get<double>(), sum / 2, 1e-12);
  EXPECT_EQ(json["frames"], 6);
}

TEST_F(InferFolderTest, WindowsCanOverlapOverTheWholeVideo) {
  MakeCheckpoint(folder_ / "m.safetensors", {.window = 3});
  MakeVideo(At("ten.mp4"), "-i " + Demo() + " -frames:v 10");
  const std::string line =
      "seam infer --model " + At("m.safetensors") + " " + At("ten.mp4") + " --jsonl - --window-stride ";
  const auto starts = [&](const std::string& stride) {
    const CommandResult result = RunCommand(line + stride);
    EXPECT_EQ(result.status, 0) << result.err;
    std::vector<int> numbers;
    const auto json = nlohmann::json::parse(result.out);
    for (const auto& window : json.at("tracks").at(0).at("windows"))
      numbers.push_back(window.at("frames").at(0).at("index"));
    return numbers;
  };
  EXPECT_EQ(starts("3"), (std::vector<int>{0, 3, 6}));
  EXPECT_EQ(starts("2"), (std::vector<int>{0, 2, 4, 6}));
  EXPECT_EQ(starts("5"), (std::vector<int>{0, 5}));
}

TEST_F(InferFolderTest, AVideoTooShortForAWindowIsToldAndNotScored) {
  MakeCheckpoint(folder_ / "m.safetensors", {.window = 8});
  MakeVideo(At("short.mp4"), "-i " + Demo() + " -frames:v 5");
  const CommandResult result =
      RunCommand("seam infer --model " + At("m.safetensors") + " " + At("short.mp4") + " " +
                 At("clips/a.mp4") + " --output " + At("s.csv"));
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_NE(result.err.find("short.mp4: has fewer than the 8 frames of a window"), std::string::npos)
      << result.err;
  const auto rows = ReadScoreFile(At("s.csv"));
  EXPECT_EQ(rows.at(0).status, Status::kTooShort);
  EXPECT_FALSE(rows.at(0).score.has_value());
  EXPECT_EQ(rows.at(0).verdict, Verdict::kError);
  EXPECT_TRUE(rows.at(1).score.has_value());
}

TEST_F(InferFolderTest, OptionsOfTheOtherKindOfNetworkAreRefused) {
  const CommandResult image = Infer(At("clips/a.mp4") + " --windows 3");
  EXPECT_EQ(image.status, 2);
  EXPECT_NE(image.err.find("--windows: is for networks of windows"), std::string::npos) << image.err;
  MakeCheckpoint(folder_ / "m.safetensors", {.window = 3});
  const CommandResult temporal =
      RunCommand("seam infer --stride 2 --model " + At("m.safetensors") + " " + At("clips/a.mp4"));
  EXPECT_EQ(temporal.status, 2);
  EXPECT_NE(temporal.err.find("--stride: is for single frames, and the network takes windows of 3"),
            std::string::npos)
      << temporal.err;
}

TEST_F(InferFolderTest, AVideoIsNeverOverwrittenByScores) {
  const std::string before = ReadFile(At("clips/a.mp4"));
  EXPECT_EQ(Infer(At("clips/b.mp4") + " --output " + At("clips/a.mp4")).status, 2);
  EXPECT_EQ(ReadFile(At("clips/a.mp4")), before);
}

TEST(InferUsageTest, BadCommandLinesAreUsageErrors) {
  EXPECT_EQ(RunCommand("seam infer").status, 2);
  EXPECT_EQ(RunCommand("seam infer a.mp4 --threshold 2").status, 2);
  EXPECT_EQ(RunCommand("seam infer a.mp4 --frams 3").status, 2);
  EXPECT_EQ(RunCommand("seam infer a.mp4 --resume").status, 2);
  EXPECT_EQ(RunCommand("seam infer a.mp4 --frames 3 --stride 2").status, 2);
  EXPECT_NE(RunCommand("seam infer a.mp4 --frams 3").err.find("did you mean --frames?"), std::string::npos);
}

// Loading LibTorch takes longer than scoring a short clip.
TEST(InferStartTest, RunsOnACpuDoWithoutLibTorch) {
#ifndef SEAM_INFER_SPLIT
  GTEST_SKIP() << "this build has one program, with LibTorch: oneDNN is missing, or there is CUDA";
#endif
  const CommandResult light = RunCommand("ldd \"$(command -v seam-infer)\""),
                      whole = RunCommand("ldd \"$(command -v seam-infer-torch)\"");
  EXPECT_NE(light.out.find("libdnnl"), std::string::npos) << light.out;
  EXPECT_EQ(light.out.find("libtorch"), std::string::npos) << light.out;
  EXPECT_NE(whole.out.find("libtorch"), std::string::npos) << whole.out;
}

// What `make demo` runs, and tells its user to look for, when Seam's own network is there.
TEST(InferDefaultModelTest, IsFoundWithoutAPathAndTellsTheTamperedPortraitFromTheRealOne) {
  SEAM_NEEDS_DEMO_CLIP();
  const fs::path tampered = FindShare("demo-tampered.mp4");
  if (tampered.empty() || FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs the demo's clips and share/retinaface.onnx, which scripts/setup.sh provides";
  const TemporaryFolder folder;
  const fs::path scores = folder / "scores.csv";
  const CommandResult result = RunCommand("seam infer --frames 8 " + Quoted(DemoClip().string()) + " " +
                                          Quoted(tampered.string()) + " --output " + Quoted(scores.string()));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("default.safetensors (ensemble of resnet18, mobilenet_v2)"), std::string::npos)
      << result.err;
  const auto rows = ReadScoreFile(scores);
  ASSERT_EQ(rows.size(), 2U);
  ASSERT_TRUE(rows[0].score && rows[1].score);
  EXPECT_LT(*rows[0].score, 0.2);
  EXPECT_GT(*rows[1].score, 0.6);
}

}  // namespace
}  // namespace seam
