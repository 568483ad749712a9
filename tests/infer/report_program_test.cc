// What `seam infer` makes for people to look at: --report, --explain, --annotate.

#include <gtest/gtest.h>

#include "base/files.h"
#include "extract/video_reader.h"
#include "tests/infer/checkpoint.h"
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

std::int64_t FramesOf(const fs::path& path) {
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
    EXPECT_EQ(FramesOf(path), FramesOf(demo ? DemoClip() : fs::path(At("grey.mp4"))));
  }
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
