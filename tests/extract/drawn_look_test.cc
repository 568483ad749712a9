#include "extract/faces/drawn_look.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "extract/faces/extract_faces.h"
#include "extract/media/video_reader.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// A head as cartoons have it.
cv::Mat DrawnHead(int side) {
  cv::Mat head(side, side, CV_8UC3, cv::Scalar(250, 205, 170));
  const auto at = [&](double x, double y) { return cv::Point(cvRound(x * side), cvRound(y * side)); };
  const cv::Scalar ink(20, 20, 30), hair(90, 50, 30), white(255, 255, 255);
  cv::rectangle(head, at(0, 0), at(1, 0.22), hair, cv::FILLED);
  for (const double x : {0.3, 0.7}) {
    cv::ellipse(head, at(x, 0.42), cv::Size(side / 9, side / 13), 0, 0, 360, white, cv::FILLED, cv::LINE_AA);
    cv::circle(head, at(x, 0.42), side / 22, ink, cv::FILLED, cv::LINE_AA);
    cv::ellipse(head, at(x, 0.32), cv::Size(side / 9, side / 20), 0, 190, 350, ink, side / 40, cv::LINE_AA);
  }
  cv::line(head, at(0.5, 0.45), at(0.46, 0.62), ink, std::max(side / 50, 1), cv::LINE_AA);
  cv::ellipse(head, at(0.5, 0.74), cv::Size(side / 6, side / 14), 0, 10, 170, ink, side / 40, cv::LINE_AA);
  return head;
}

TEST(DrawnLookTest, DrawingsAreSeenInAllSizesAndAPortraitIsNone) {
  for (const int side : {60, 96, 150, 400}) {
    DrawnLook look;
    look.Add(DrawnHead(side));
    EXPECT_TRUE(look.LooksDrawn()) << side << ": " << look.flat() << " flat, " << look.hard() << " hard";
  }
  SEAM_NEEDS_DEMO_CLIP();
  VideoReader reader(DemoClip());
  ASSERT_TRUE(reader.Next());
  const cv::Mat picture = reader.Frame().Picture();
  DrawnLook look;
  look.Add(picture(cv::Rect(picture.cols / 3, picture.rows / 5, picture.cols / 3, picture.rows / 2)));
  EXPECT_EQ(look.faces(), 1);
  EXPECT_FALSE(look.LooksDrawn()) << look.flat() << " flat, " << look.hard() << " hard";
}

class NoClips : public ClipSink {
 public:
  void Add(FaceClip) override {}
  void Finish(const VideoSummary&) override {}
};

TEST(DrawnLookTest, ACartoonIsToldAsACautionAndAPortraitIsNot) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  VideoReader reader(DemoClip());
  ASSERT_TRUE(reader.Next());
  cv::Mat portrait, cartoon;
  cv::cvtColor(reader.Frame().Shrunk(480), portrait, cv::COLOR_RGB2BGR);
  cv::imwrite((folder / "portrait.png").string(), portrait);
  // Areas of one colour out of few, as cartoons are made of photographs.
  cv::pyrMeanShiftFiltering(portrait, cartoon, 16, 50);
  cartoon.forEach<cv::Vec3b>([](cv::Vec3b& pixel, const int*) {
    for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(pixel[c] / 48 * 48 + 24);
  });
  cv::medianBlur(cartoon, cartoon, 7);
  cv::imwrite((folder / "cartoon.png").string(), cartoon);
  std::vector<std::vector<Caution>> cautions;
  ExtractFaces(
      {{folder / "portrait.png"}, {folder / "cartoon.png"}}, ExtractOptions(),
      [](std::size_t) { return std::make_unique<NoClips>(); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink>) {
        EXPECT_EQ(summary.status, Status::kOk) << summary.reason;
        cautions.push_back(summary.cautions);
      });
  EXPECT_EQ(cautions, (std::vector<std::vector<Caution>>{{}, {DrawnFace()}}));
}

TEST(DrawnLookTest, FilmsOfHighDynamicRangeAreNotLookedAt) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  // Far too bright for what it says that it is.
  const fs::path film = MakeVideo(
      folder / "a.mkv", "-i " + Quoted(DemoClip().string()) +
                            " -t 0.2 -vf scale=320:240,format=yuv420p10 -c:v ffv1 -color_primaries bt2020 "
                            "-colorspace bt2020nc -color_trc smpte2084");
  ExtractFaces(
      {{film}}, ExtractOptions(), [](std::size_t) { return std::make_unique<NoClips>(); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink>) {
        EXPECT_EQ(summary.status, Status::kOk) << summary.reason;
        EXPECT_EQ(summary.cautions, std::vector<Caution>{HdrFilm("PQ")});
      });
}

TEST(DrawnLookTest, DarkFacesAreFlatAndNotDrawn) {
  cv::Mat dark = DrawnHead(150);
  dark = dark / 12;
  DrawnLook look;
  look.Add(dark);
  EXPECT_GT(look.flat(), 0.5);
  EXPECT_FALSE(look.LooksDrawn());
}

TEST(DrawnLookTest, SmallFacesSayNothing) {
  DrawnLook look;
  look.Add(DrawnHead(40));
  EXPECT_EQ(look.faces(), 0);
  EXPECT_FALSE(look.LooksDrawn());
}

TEST(DrawnLookTest, FewPhotographsOfPeopleLookDrawn) {
  SEAM_NEEDS_SHARED("data/faces/val/real");
  int pictures = 0, drawn = 0;
  for (const auto& entry : fs::directory_iterator(SharedPath("data/faces/val/real"))) {
    if (pictures == 200) break;
    VideoReader reader(entry.path());
    if (!reader.Next()) continue;
    const cv::Mat picture = reader.Frame().Picture();
    DrawnLook look;
    look.Add(picture(cv::Rect(picture.cols / 4, picture.rows / 4, picture.cols / 2, picture.rows / 2)));
    ++pictures;
    drawn += look.LooksDrawn() ? 1 : 0;
  }
  EXPECT_EQ(pictures, 200);
  EXPECT_LE(drawn, 2);
}

}  // namespace
}  // namespace seam
