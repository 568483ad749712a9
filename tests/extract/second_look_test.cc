// What is found where the first look at a video finds nobody, or faces that lie on their side.

#include <algorithm>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "extract/faces/extract_faces.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class KeepKept : public ClipSink {
 public:
  void Add(FaceClip clip) override { clips.push_back(std::move(clip)); }
  void Finish(const VideoSummary& summary) override {
    std::erase_if(clips, [&](const FaceClip& clip) {
      return std::find(summary.kept.begin(), summary.kept.end(), clip.track) == summary.kept.end();
    });
  }
  std::vector<FaceClip> clips;
};

constexpr int kFrames = 2;  // HOG is slow

struct Outcome {
  VideoSummary summary;
  std::vector<FaceClip> clips;
};

class SecondLookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SEAM_NEEDS_DEMO_CLIP();
    VideoReader demo(DemoClip());
    demo.Next();
    cv::resize(demo.Frame().Picture(), face_, cv::Size(400, 300), 0, 0, cv::INTER_AREA);
  }

  // Without loss, so that pixels can be compared.
  fs::path Film(const std::string& name, const cv::Mat& picture, int frames = kFrames) const {
    return Film(name, std::vector<cv::Mat>(static_cast<std::size_t>(frames), picture));
  }
  fs::path Film(const std::string& name, const std::vector<cv::Mat>& pictures) const {
    MadeVideo video;
    video.container = "matroska";
    video.codec = "ffv1";
    video.pixels = "bgr0";
    video.pictures = pictures;
    Write(video, folder_ / name);
    return folder_ / name;
  }

  static Outcome Extract(const fs::path& video, int detect_size, const std::string& faces = "largest",
                         int frames = kFrames) {
    ExtractOptions options;
    options.detector.detector = "hog";  // which needs no file
    options.detector.detect_size = detect_size;
    options.sample.frames = frames;
    options.choice.faces = faces;
    options.jobs = 2;
    Outcome outcome;
    ExtractFaces(
        {{video}}, options, [](std::size_t) { return std::make_unique<KeepKept>(); },
        [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink> sink) {
          outcome = {summary, std::move(static_cast<KeepKept&>(*sink).clips)};
        });
    return outcome;
  }

  TemporaryFolder folder_;
  cv::Mat face_;
};

TEST_F(SecondLookTest, PixelsOnTheirSideAreTurnedAndToldAndGiveTheSameCrops) {
  const Outcome upright = Extract(Film("upright.mkv", face_), 400);
  ASSERT_EQ(upright.clips.size(), std::size_t{kFrames});
  EXPECT_TRUE(upright.summary.cautions.empty());
  const struct {
    int stored;  // of cv::rotate
    int degrees;
  } cases[] = {{cv::ROTATE_90_COUNTERCLOCKWISE, 90}, {cv::ROTATE_90_CLOCKWISE, 270}, {cv::ROTATE_180, 180}};
  for (const auto& [stored, degrees] : cases) {
    SCOPED_TRACE(degrees);
    cv::Mat turned;
    cv::rotate(face_, turned, stored);
    for (const char* faces : {"largest", "all"}) {
      const Outcome outcome = Extract(Film("turned.mkv", turned), 400, faces);
      EXPECT_EQ(outcome.summary.status, Status::kOk) << outcome.summary.reason;
      EXPECT_EQ(outcome.summary.cautions, std::vector<Caution>{TurnedPicture(degrees)});
      EXPECT_EQ(outcome.summary.tracks, 1);
      ASSERT_EQ(outcome.clips.size(), std::size_t{kFrames});
      EXPECT_EQ(outcome.summary.clips, kFrames);
      EXPECT_EQ(outcome.summary.size, face_.size());
      for (std::size_t i = 0; i < std::size_t{kFrames}; ++i) {
        EXPECT_EQ(outcome.clips[i].frames[0].face.box, upright.clips[i].frames[0].face.box);
        EXPECT_EQ(
            cv::norm(outcome.clips[i].frames[0].picture, upright.clips[i].frames[0].picture, cv::NORM_INF),
            0);
      }
    }
  }
}

TEST_F(SecondLookTest, AFilmThatTurnsHalfWayIsTurnedThereAloneAndTold) {
  cv::Mat square, left, right, over;
  cv::copyMakeBorder(face_, square, 50, 50, 0, 0, cv::BORDER_CONSTANT);
  cv::rotate(square, left, cv::ROTATE_90_COUNTERCLOCKWISE);
  cv::rotate(square, right, cv::ROTATE_90_CLOCKWISE);
  cv::rotate(square, over, cv::ROTATE_180);
  const Outcome upright = Extract(Film("upright.mkv", square), 400);
  ASSERT_EQ(upright.clips.size(), std::size_t{kFrames});
  const cv::Mat crop = upright.clips[0].frames[0].picture;
  const struct {
    std::vector<cv::Mat> pictures;
    int turned;
  } cases[] = {{{square, square, square, square, left, left, left, left}, 4},
               {{left, left, left, square, square, square, square, square}, 3},
               {{square, square, over, over, square, square, over, over}, 4},
               {{left, left, left, left, left, right, right, right}, 8}};
  for (const auto& [pictures, turned] : cases) {
    const int frames = static_cast<int>(pictures.size());
    const Outcome outcome = Extract(Film("mixed.mkv", pictures), 400, "largest", frames);
    EXPECT_EQ(outcome.summary.status, Status::kOk) << outcome.summary.reason;
    EXPECT_EQ(outcome.summary.cautions, std::vector<Caution>{TurnedFrames(turned, frames)});
    EXPECT_EQ(outcome.summary.tracks, 1);
    ASSERT_EQ(outcome.clips.size(), pictures.size());
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      EXPECT_EQ(cv::norm(outcome.clips[i].frames[0].picture, crop, cv::NORM_INF), 0) << i;
      EXPECT_EQ(pictures[i].data == square.data,
                TurnAt(outcome.summary.turns, outcome.clips[i].frames[0].stamp.pts_seconds) == Orientation{})
          << i;
    }
  }
}

TEST_F(SecondLookTest, AFaceThatIsTooSmallIsFoundAtTwiceTheSizeAndTold) {
  const fs::path film = Film("small.mkv", face_);
  const Outcome outcome = Extract(film, 100);
  EXPECT_EQ(outcome.summary.status, Status::kOk) << outcome.summary.reason;
  EXPECT_EQ(outcome.summary.cautions, std::vector<Caution>{LargerLook(200)});
  EXPECT_EQ(outcome.summary.frames, kFrames);
  EXPECT_EQ(outcome.clips.size(), std::size_t{kFrames});
  EXPECT_EQ(Extract(film, 200).summary.cautions, std::vector<Caution>{});
}

TEST_F(SecondLookTest, NobodyAtAllIsToldWithBothSizesAndAHint) {
  const Outcome outcome = Extract(Film("nobody.mkv", cv::Mat(300, 400, CV_8UC3, cv::Scalar::all(90))), 160);
  EXPECT_EQ(outcome.summary.status, Status::kNoFace);
  EXPECT_EQ(outcome.summary.reason, "no face in any of the frames looked at, at 160 and at 320 pixels");
  EXPECT_NE(outcome.summary.hint, "");
  EXPECT_TRUE(outcome.summary.cautions.empty());
  EXPECT_EQ(outcome.summary.frames, kFrames);
}

TEST_F(SecondLookTest, AFilmOfHighDynamicRangeIsTold) {
  for (const auto& [transfer, name] : {std::pair("smpte2084", "PQ"), std::pair("arib-std-b67", "HLG")}) {
    const fs::path film =
        MakeVideo(folder_ / "hdr.mkv",
                  "-i " + Quoted(DemoClip().string()) +
                      " -t 0.2 -vf \"scale=400:300,zscale=transferin=bt709:primariesin=bt709:matrixin=170m:"
                      "transfer=" +
                      transfer +
                      ":primaries=bt2020:matrix=bt2020nc,format=yuv420p10\" -c:v "
                      "ffv1 -color_primaries bt2020 -colorspace bt2020nc -color_trc " +
                      transfer);
    const Outcome outcome = Extract(film, 400);
    EXPECT_EQ(outcome.summary.status, Status::kOk) << outcome.summary.reason;
    EXPECT_EQ(outcome.summary.cautions, std::vector<Caution>{HdrFilm(name)});
  }
}

}  // namespace
}  // namespace seam
