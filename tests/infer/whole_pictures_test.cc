// Networks that look at whole pictures: no faces are looked for.

#include <gmock/gmock.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/faces/whole_picture.h"
#include "infer/predictor.h"
#include "scores/score_file.h"
#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class WholePicturesTest : public ::testing::Test {
 protected:
  // A checkpoint that sees the middle of a picture whose shorter side became 288 pixels.
  std::string Checkpoint() const {
    CheckpointInfo info;
    info.crop.set_size(256);
    info.crop.set_margin(0.125);
    info.crop.set_align("shorter");
    info.crop.set_detector("whole");
    info.crop.set_detect_size(320);
    info.crop.set_encoding("png");
    return WriteCheckpoint(folder_ / "whole.safetensors", ModelOptions(), info, 7).string();
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  TemporaryFolder folder_;
};

TEST_F(WholePicturesTest, APictureWithoutAFaceHasItsScore) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=500x333:rate=1:duration=1 -frames:v 1");
  const CommandResult result = RunCommand("seam infer --model " + Checkpoint() + " " + At("p.png") +
                                          " --output " + At("s.csv") + " --report " + At("page.html"));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto rows = ReadScoreFile(At("s.csv"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].status, Status::kOk);
  EXPECT_EQ(rows[0].reason, "");  // wider than high, and not taken for turned
  cv::Mat picture;
  cv::cvtColor(cv::imread(At("p.png")), picture, cv::COLOR_BGR2RGB);
  const Predictor predictor(At("whole.safetensors"), CompileOptions{}, Parts());
  const double wanted = predictor.Score({CutWholePicture(picture, "shorter", 0.125, 256)})[0];
  ASSERT_TRUE(rows[0].score.has_value());
  EXPECT_NEAR(*rows[0].score, wanted, 1e-6);
  const std::string page = ReadFile(At("page.html"));
  EXPECT_THAT(page, testing::HasSubstr("no faces were looked for"));
  EXPECT_THAT(page, testing::HasSubstr("looks at whole pictures alone"));
}

TEST_F(WholePicturesTest, AVideoIsOneThingWhateverItShows) {
  MakeVideo(At("cuts.mp4"),
            "-f lavfi -i testsrc2=size=320x240:rate=10:duration=1 -f lavfi -i "
            "mandelbrot=size=320x240:rate=10 -filter_complex "
            "'[1:v]trim=duration=1[m];[0:v][m]concat=n=2:v=1[v]' -map '[v]'");
  const CommandResult result = RunCommand("seam infer --frames 8 --model " + Checkpoint() + " " +
                                          At("cuts.mp4") + " --output " + At("s.csv"));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto rows = ReadScoreFile(At("s.csv"));
  EXPECT_EQ(rows.at(0).tracks, 1);
  EXPECT_EQ(rows.at(0).frames, 8);
  EXPECT_EQ(rows.at(0).faces, 8);
}

TEST_F(WholePicturesTest, PicturesAndFacesAreNotFused) {
  SEAM_NEEDS_DEMO_CLIP();
  MakeCheckpoint(folder_ / "face.safetensors");
  const CommandResult result = RunCommand("seam infer --model " + At("face.safetensors") + "," +
                                          Checkpoint() + " " + Quoted(DemoClip().string()));
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, testing::HasSubstr("whole: takes single frames of whole pictures, and face takes"));
}

}  // namespace
}  // namespace seam
