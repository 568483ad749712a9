// The program `seam infer` as a user runs it.

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "evaluate/score_file.h"
#include "tests/infer/checkpoint.h"
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
  EXPECT_EQ(rows[0].status, "ok");
  ASSERT_TRUE(rows[0].score.has_value());
  EXPECT_EQ(rows[0].verdict, *rows[0].score >= 0.5 ? "fake" : "real");
  EXPECT_EQ(rows[0].frames, 4);
  EXPECT_EQ(rows[0].faces, 4);
  EXPECT_EQ(rows[0].tracks, 1);
  EXPECT_NE(result.err.find("note: random weights"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find(rows[0].verdict), std::string::npos) << result.out;
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
    verdicts << fs::path(row.path).filename().string() << " " << row.status
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

TEST(InferUsageTest, BadCommandLinesAreUsageErrors) {
  EXPECT_EQ(RunCommand("seam infer").status, 2);
  EXPECT_EQ(RunCommand("seam infer a.mp4 --threshold 2").status, 2);
  EXPECT_EQ(RunCommand("seam infer a.mp4 --frams 3").status, 2);
  EXPECT_NE(RunCommand("seam infer a.mp4 --frams 3").err.find("did you mean --frames?"), std::string::npos);
}

// What `make demo` runs, when Seam's own network is there.
TEST(InferDefaultModelTest, IsFoundWithoutAPath) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  const CommandResult result = RunCommand("seam infer --frames 2 " + Quoted(DemoClip().string()));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("default.safetensors (meso4)"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace seam
