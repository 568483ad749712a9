// What `seam infer` makes for people to look at: --report, --explain, --annotate.

#include <gtest/gtest.h>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/infer/made_result.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class ReportProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SEAM_NEEDS_DEMO_CLIP();
    MakeCheckpoint(folder_ / "m.safetensors");
  }
  CommandResult Infer(const std::string& arguments) const {
    return RunCommand("seam infer --frames 4 --model " + At("m.safetensors") + " " + arguments);
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }
  static std::string Demo() { return Quoted(DemoClip().string()); }

  TemporaryFolder folder_;
};

std::int64_t CountFrames(const fs::path& path) {
  VideoReader reader(path);
  std::int64_t frames = 0;
  while (reader.Next()) ++frames;
  return frames;
}

TEST_F(ReportProgramTest, OneRunGivesPageHeatMapsAndAnnotatedVideos) {
  WriteFile(At("text.mp4"), "no video");
  MakeVideo(At("grey.mp4"), "-f lavfi -i color=gray:size=320x240:rate=10:duration=1");
  const CommandResult result = Infer(Demo() + " " + At("grey.mp4") + " " + At("text.mp4") + " --report " +
                                     At("r.html") + " --explain --annotate " + At("out"));
  EXPECT_EQ(result.status, 3) << result.err;
  const std::string page = ReadFile(At("r.html"));
  for (const char* text : {"demo.mp4", "grey.mp4", "text.mp4", "random weights", "Grad-CAM",
                           "with the places that speak for fake", "Most suspicious faces"})
    EXPECT_NE(page.find(text), std::string::npos) << text;

  std::vector<fs::path> annotated;
  for (const auto& entry : fs::recursive_directory_iterator(At("out")))
    if (entry.is_regular_file()) annotated.push_back(entry.path());
  ASSERT_EQ(annotated.size(), 2U);  // nothing of the text
  for (const fs::path& path : annotated) {
    const bool demo = path.filename() == "demo.mp4";
    EXPECT_EQ(CountFrames(path), CountFrames(demo ? DemoClip() : fs::path(At("grey.mp4"))));
  }
}

// How often `text` stands in `whole`.
int DescribeCount(const std::string& whole, const std::string& text) {
  int count = 0;
  for (std::size_t at = whole.find(text); at != std::string::npos; at = whole.find(text, at + 1)) ++count;
  return count;
}

TEST_F(ReportProgramTest, WhatAVerdictRestsOnStandsInTableJsonPageAndConsole) {
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  const std::string usual = "transferin=bt709:primariesin=bt709:matrixin=170m:";
  const struct {
    const char* name;
    std::string inputs, options, kind, words;
  } cases[] = {
      {"few.mkv", "-f lavfi -i color=gray:s=640x480:r=25:d=1.28 -i " + Demo(),
       "-filter_complex \"[1:v]scale=640:480,setpts=N/25/TB[f];[0:v][f]overlay=enable='eq(n,10)'\" -t 1.28 "
       "-c:v ffv1",
       "few_frames", "seen in 1 of 32 frames"},
      {"small.mkv", "-f lavfi -i color=gray:s=1600x1200:r=25:d=0.2 -i " + Demo(),
       "-filter_complex \"[1:v]scale=120:-2,setpts=N/25/TB[f];[0:v][f]overlay=700:500\" -t 0.2 -c:v ffv1",
       "larger_look", "the face was found only at a second look, at 640 pixels"},
      {"hdr.mkv", "-i " + Demo(),
       "-t 0.2 -vf \"scale=400:300,zscale=" + usual +
           "transfer=smpte2084:primaries=bt2020:matrix=bt2020nc,format=yuv420p10\" -c:v ffv1 "
           "-color_primaries "
           "bt2020 -colorspace bt2020nc -color_trc smpte2084",
       "hdr", "an HDR film (PQ): its colours were mapped to the usual range"},
      {"turned.mkv", "-i " + Demo(), "-t 0.2 -vf transpose=1 -c:v ffv1", "turned",
       "the picture was turned by 270 degrees to stand upright"},
      {"drawn.png", "-i " + Demo(),
       "-frames:v 1 -vf \"scale=480:-2,median=radius=4,elbg=codebook_length=12:seed=1,median=radius=3\"",
       "drawn", "the face looks drawn, as in a cartoon"},
  };
  fs::create_directories(At("in"));
  for (const auto& each : cases)
    MakeVideo(At(std::string("in/") + each.name), each.inputs + " " + each.options);
  MakeVideo(At("in/plain.mkv"), "-i " + Demo() + " -t 0.2 -c:v ffv1");
  const CommandResult result = RunCommand("seam infer --detector retinaface --detect-size 320 --model " +
                                          At("m.safetensors") + " " + At("in") + " --output " + At("s.csv") +
                                          " --jsonl " + At("s.jsonl") + " --report " + At("r.html"));
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string csv = ReadFile(At("s.csv")), json = ReadFile(At("s.jsonl")),
                    page = ReadFile(At("r.html"));
  const auto line_of = [](const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name), begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    EXPECT_NE(line_of(csv, each.name).find(each.words), std::string::npos) << line_of(csv, each.name);
    const std::string object = line_of(json, each.name);
    EXPECT_NE(object.find("\"kind\":\"" + each.kind + "\""), std::string::npos) << object;
    EXPECT_EQ(DescribeCount(object, each.words), 2);  // in the reason, and by itself
    // Below its file in the table and, as a sentence, in its own part.
    EXPECT_GE(DescribeCount(page, each.words), 2);
    EXPECT_EQ(DescribeCount(result.out, each.words), 1) << result.out;
    EXPECT_GT(result.out.find(each.words), result.out.find(each.name));
  }
  EXPECT_EQ(DescribeCount(page, "Caution: "), 5);  // none of the plain film
  EXPECT_EQ(line_of(json, "plain.mkv").find("\"kind\""), std::string::npos);
}

TEST_F(ReportProgramTest, AnnotatedFormsAreFilmsOrPicturesByTheBytesOfTheInput) {
  fs::create_directories(At("in"));
  MakeVideo(At("picture.jpg"), "-i " + Demo() + " -frames:v 1");
  MakeVideo(At("film.mp4"), "-i " + Demo() + " -t 0.4 -c:v libx264 -preset ultrafast");
  fs::copy_file(At("picture.jpg"), At("in/photo.mp4"));
  fs::copy_file(At("picture.jpg"), At("in/photo"));
  fs::copy_file(At("film.mp4"), At("in/film.jpg"));
  const CommandResult result = Infer(At("in") + " --annotate " + At("out"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(CountFrames(At("out/photo.mp4.png")), 1);
  EXPECT_EQ(CountFrames(At("out/photo.png")), 1);
  EXPECT_EQ(CountFrames(At("out/film.jpg.mp4")), 10);
}

TEST_F(ReportProgramTest, AResumedRunAnnotatesIntoTheSamePlacesAndItsPageHasAll) {
  fs::create_directories(At("films/deep"));
  MakeVideo(At("films/a.mp4"), "-f lavfi -i color=gray:size=320x240:rate=10:duration=1");
  MakeVideo(At("films/deep/a.mp4"), "-f lavfi -i color=gray:size=160x120:rate=10:duration=1");
  const std::string all =
      At("films") + " --output " + At("s.csv") + " --report " + At("r.html") + " --annotate " + At("out");
  ASSERT_EQ(Infer(all).status, 0);
  const std::string scores = ReadFile(At("s.csv")), first = ReadFile(At("out/a.mp4"));
  // As if it had been stopped after the first.
  WriteFile(At("s.csv"), scores.substr(0, scores.find('\n', scores.find("films/a.mp4")) + 1));
  ForgetEnd((folder_ / "s.csv").string());
  fs::remove(At("out/deep/a.mp4"));
  ASSERT_EQ(Infer(all + " --resume").status, 0);
  EXPECT_EQ(ReadFile(At("s.csv")), scores);
  EXPECT_EQ(ReadFile(At("out/a.mp4")), first);
  EXPECT_TRUE(fs::exists(At("out/deep/a.mp4")));
  const std::string page = ReadFile(At("r.html"));
  EXPECT_NE(page.find("1 input was scored by an earlier run"), std::string::npos);
  for (const char* name : {"films/a.mp4", "films/deep/a.mp4"}) EXPECT_NE(page.find(name), std::string::npos);
  EXPECT_EQ(Infer(At("films") + " --output " + At("s.csv") + " --report " + At("s.csv")).status, 2);
  EXPECT_EQ(ReadFile(At("s.csv")), scores);
}

TEST_F(ReportProgramTest, PageChangesNoScore) {
  ASSERT_EQ(Infer(Demo() + " --output " + At("plain.csv")).status, 0);
  ASSERT_EQ(Infer(Demo() + " --output " + At("page.csv") + " --report " + At("r.html")).status, 0);
  EXPECT_EQ(ReadFile(At("plain.csv")), ReadFile(At("page.csv")));
}

TEST_F(ReportProgramTest, VideoThatCannotBeAnnotatedIsToldAndStopsNothing) {
  fs::copy_file(DemoClip(), At("a.mp4"));
  fs::create_directories(At("out/a.mp4"));  // in its place
  const CommandResult result = Infer(At("a.mp4") + " --annotate " + At("out") + " --report " + At("r.html"));
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_NE(result.err.find(At("out/a.mp4") + ": cannot be written"), std::string::npos) << result.err;
  EXPECT_NE(ReadFile(At("r.html")).find("a.mp4"), std::string::npos);
}

TEST_F(ReportProgramTest, InputIsNotOverwrittenByItsAnnotatedForm) {
  fs::copy_file(DemoClip(), At("a.mp4"));
  const CommandResult result = Infer(At("a.mp4") + " --annotate " + folder_.path().string());
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("--annotate: would overwrite the input"), std::string::npos) << result.err;
  EXPECT_EQ(ReadFile(At("a.mp4")), ReadFile(DemoClip()));
}

TEST_F(ReportProgramTest, HeatMapsNeedAPage) {
  const CommandResult result = Infer(Demo() + " --explain");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("--explain: needs --report"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace seam
