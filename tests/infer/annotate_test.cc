#include "infer/annotate.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "extract/media/video_writer.h"
#include "infer/annotated_paths.h"
#include "infer/draw.h"
#include "tests/extract/made_video.h"
#include "tests/infer/made_result.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Paths(const std::vector<fs::path>& inputs) {
  std::vector<std::string> paths;
  for (const fs::path& path : AnnotatedPaths("out", inputs)) paths.push_back(path.string());
  return paths;
}

using Names = std::vector<std::string>;

TEST(AnnotatedPathsTest, KeepWhatTellsTheInputsApart) {
  EXPECT_EQ(Paths({"films/a.mp4"}), Names({"out/a.mp4"}));
  EXPECT_EQ(Paths({"films/x/a.mp4", "films/y/a.mp4"}), Names({"out/x/a.mp4", "out/y/a.mp4"}));
  EXPECT_EQ(Paths({"/films/a.mp4", "/films/a.mov", "/films/a.gif"}),
            Names({"out/a.mp4", "out/a.mov.mp4", "out/a.gif.mp4"}));
  EXPECT_EQ(Paths({"/p/a.JPG", "/p/a.webp"}), Names({"out/a.JPG", "out/a.webp.png"}));
  EXPECT_EQ(Paths({}), Names({}));
}

TEST(AnnotatedPathsTest, NameThatWouldComeTwiceGetsANumber) {
  EXPECT_EQ(Paths({"/p/a.mov", "/p/a.mov.mp4"}), Names({"out/a.mov.mp4", "out/a.mov (2).mp4"}));
}

TEST(AnnotatedPathsTest, NeverLeaveTheFolder) {
  for (const fs::path& path : AnnotatedPaths("out", {"../a.mp4", "../../b/c.mp4", "/d.mp4"})) {
    EXPECT_EQ(path.lexically_normal().begin()->string(), "out") << path;
  }
}

TEST(AnnotatedPathsTest, InputIsNeverOverwritten) {
  const TemporaryFolder folder;
  WriteFile(folder / "a.mp4", "film");
  fs::create_directory_symlink(folder.path(), folder / "link");
  EXPECT_EQ(CatchMessage([&] { Annotator(folder / "link", {folder / "a.mp4"}, {}, {}); }),
            "--annotate: would overwrite the input " + (folder / "link/a.mp4").string());
}

TEST(TrackPathTest, BoxesLieBetweenThoseFoundAndEndWithTheStay) {
  VideoResult result = MadeResult({{0.2, 0.8, 0.8, 0.4, 0.4, 0.6, 0.6}});
  auto& clips = result.row.people.at(0).clips;
  clips.erase(clips.begin() + 3, clips.begin() + 6);  // away from 2 to 6 s
  EXPECT_EQ(UsualStep(result.row.people), 1);
  const TrackPath path(result.row.people.at(0), 1);
  EXPECT_EQ(path.At(0)->box, cv::Rect2f(20, 20, 40, 50));
  EXPECT_EQ(path.At(0.5)->box, cv::Rect2f(25, 20, 40, 50));
  EXPECT_EQ(path.At(0.4)->score, 0.2);
  EXPECT_EQ(path.At(0.6)->score, 0.8);
  EXPECT_EQ(path.At(2.5)->box, cv::Rect2f(40, 20, 40, 50));
  EXPECT_FALSE(path.At(2.6).has_value());
  EXPECT_FALSE(path.At(4).has_value());
  EXPECT_EQ(path.At(5.5)->box, cv::Rect2f(80, 20, 40, 50));
  EXPECT_FALSE(path.At(7).has_value());
  EXPECT_FALSE(path.At(-1).has_value());
}

// Blue: no verdict's colour.
fs::path BlueVideo(const fs::path& path, const std::vector<double>& times) {
  VideoWriter writer(path, {320, 240});
  for (const double time : times) writer.Add(cv::Mat(240, 320, CV_8UC3, cv::Scalar(0, 0, 200)), time);
  writer.Commit();
  return path;
}

bool IsRed(const cv::Vec3b& pixel) { return pixel[0] > 150 && pixel[1] < 110 && pixel[2] < 110; }
bool IsGreen(const cv::Vec3b& pixel) { return pixel[0] < 100 && pixel[1] > 100 && pixel[2] < 130; }

TEST(AnnotatorTest, VideoKeepsItsFramesAndTimesAndHasBoxesInEach) {
  const TemporaryFolder folder;
  std::vector<double> times;
  for (int i = 0; i < 20; ++i) times.push_back(0.1 * i + (i > 10 ? 0.03 : 0));
  const fs::path film = BlueVideo(folder / "film.mp4", times);
  const std::string before = ReadFile(film);
  const VideoResult result = MadeResult({{0.9, 0.9, 0.9}, {0.1, 0.1, 0.1}});
  const Annotator annotator(folder / "out", {film}, VerdictRule{}, {});
  annotator.Annotate(0, result);
  EXPECT_EQ(ReadFile(film), before);

  VideoReader reader(annotator.output(0));
  for (const double time : times) {
    const auto stamp = reader.Next();
    ASSERT_TRUE(stamp.has_value());
    EXPECT_NEAR(stamp->pts_seconds, time, 1e-3);
    const cv::Mat picture = reader.Frame().Picture();
    EXPECT_GT(picture.rows, 240);  // the strip
    // The label is a filled bar of the verdict's colour on the box, wherever that has moved to.
    const int x = static_cast<int>(20 + 10 * std::min(time, 2.0));
    EXPECT_TRUE(IsRed(picture.at<cv::Vec3b>(18, x + 3))) << time << picture.at<cv::Vec3b>(18, x + 3);
    EXPECT_TRUE(IsGreen(picture.at<cv::Vec3b>(118, x + 3))) << time << picture.at<cv::Vec3b>(118, x + 3);
    EXPECT_GT(picture.at<cv::Vec3b>(200, 300)[2], 150);  // blue where nothing is
  }
  EXPECT_FALSE(reader.Next().has_value());
}

TEST(AnnotatorTest, BoxesStayOnTheFaceWhereTheSizeOfFramesChanges) {
  const TemporaryFolder folder;
  MadeVideo film;
  film.container = "mpegts";
  film.codec = "mpeg2video";
  for (int i = 0; i < 20; ++i) {
    const cv::Size size = i < 10 ? cv::Size(320, 240) : cv::Size(160, 120);
    film.pictures.emplace_back(size, CV_8UC3, cv::Scalar::all(60));
  }
  Write(film, folder / "film.ts");
  VideoReader times(folder / "film.ts");
  const double begins = times.Next()->pts_seconds;
  // A face in the middle of the left half, seen in every fourth frame.
  VideoResult result = MadeResult({{0.9, 0.9, 0.9, 0.9, 0.9}});
  int number = 0;
  for (ClipScore& clip : result.row.people.at(0).clips) {
    SeenFace& face = clip.faces[0];
    face.index = number;
    face.pts_seconds = begins + 0.04 * number;
    face.frame_size = number < 10 ? FrameSize{320, 240} : FrameSize{160, 120};
    const auto scale = static_cast<float>(face.frame_size.width) / 320;
    face.box = {40 * scale, 80 * scale, 80 * scale, 80 * scale};
    number += 4;
  }
  const Annotator annotator(folder / "out", {folder / "film.ts"}, VerdictRule{}, {});
  annotator.Annotate(0, result);
  VideoReader reader(annotator.output(0));
  int frames = 0;
  for (; reader.Next() && frames < 16; ++frames) {
    const cv::Mat picture = reader.Frame().Picture();
    int red = 0;  // on the left and the right side of the box, at half its height
    for (const int x : {40, 120}) {
      bool found = false;
      for (int near = -3; near <= 3; ++near) {
        const cv::Vec3b pixel = picture.at<cv::Vec3b>(130, x + near);
        // A line of one pixel loses half of its colour in the film.
        found = found || pixel[0] > std::max(pixel[1], pixel[2]) + 25;
      }
      red += found ? 1 : 0;
    }
    EXPECT_EQ(red, 2) << frames;
  }
  EXPECT_EQ(frames, 16);
}

TEST(AnnotatorTest, PictureStaysAPictureOfItsSize) {
  const TemporaryFolder folder;
  cv::imwrite((folder / "a.png").string(), cv::Mat(240, 320, CV_8UC3, cv::Scalar(200, 0, 0)));
  const Annotator annotator(folder / "out", {folder / "a.png"}, VerdictRule{}, {});
  annotator.Annotate(0, MadeResult({{0.9}}));
  const cv::Mat bgr = cv::imread((folder / "out/a.png").string());
  EXPECT_EQ(bgr.size(), cv::Size(320, 240));
  const auto pixel = bgr.at<cv::Vec3b>(18, 23);
  EXPECT_TRUE(IsRed({pixel[2], pixel[1], pixel[0]})) << pixel;
  EXPECT_EQ(bgr.at<cv::Vec3b>(230, 300), cv::Vec3b(200, 0, 0));
}

std::string Probed(const fs::path& path, const std::string& arguments) {
  return RunCommand("ffprobe -loglevel error -of default=noprint_wrappers=1:nokey=1 " + arguments + " " +
                    Quoted(path.string()))
      .out;
}

TEST(AnnotatorTest, SoundIsKeptAtItsTimes) {
  const TemporaryFolder folder;
  const std::string film = (folder / "film.mkv").string();
  MakeVideo(film,
            "-f lavfi -i color=gray:size=64x64:rate=10:duration=2 -f lavfi -i sine=duration=2 -c:a aac "
            "-output_ts_offset 3");
  const Annotator annotator(folder / "out", {film}, VerdictRule{}, {}, {"half of it is noise"});
  EXPECT_EQ(annotator.Annotate(0, VideoResult{}), "");
  const fs::path output = annotator.output(0);
  EXPECT_EQ(Probed(output, "-select_streams a -show_entries stream=codec_name"), "aac\n");
  const double begins = std::stod(Probed(output, "-select_streams a -show_entries stream=start_time"));
  const double lasts = std::stod(Probed(output, "-select_streams a -show_entries stream=duration"));
  EXPECT_NEAR(begins, 0, 0.1);
  EXPECT_NEAR(lasts, 2, 0.15);
  EXPECT_EQ(Probed(output, "-show_entries format_tags=comment"), "half of it is noise\n");
}

TEST(AnnotatorTest, SoundThatAnMp4CannotHoldIsToldToBeLeftOut) {
  const TemporaryFolder folder;
  const std::string film = (folder / "film.avi").string();
  MakeVideo(
      film,
      "-f lavfi -i color=gray:size=64x64:rate=10:duration=1 -f lavfi -i sine=duration=1 -c:a pcm_s16le");
  const Annotator annotator(folder / "out", {film}, VerdictRule{}, {});
  EXPECT_EQ(annotator.Annotate(0, VideoResult{}),
            "sound is left out of the annotated video: 'pcm_s16le' is not copied into mp4 files");
  EXPECT_EQ(Probed(annotator.output(0), "-show_entries stream=codec_type"), "video\n");
}

TEST(AnnotatorTest, VideoWithoutFacesIsWrittenAgain) {
  const TemporaryFolder folder;
  const Annotator annotator(folder / "out", {BlueVideo(folder / "film.mp4", {0, 0.1})}, VerdictRule{}, {});
  annotator.Annotate(0, VideoResult{});
  VideoReader reader(annotator.output(0));
  EXPECT_TRUE(reader.Next().has_value());
  EXPECT_TRUE(reader.Next().has_value());
  EXPECT_FALSE(reader.Next().has_value());
}

TEST(AnnotatorTest, WhatCannotBeReadOrWrittenIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  WriteFile(folder / "text.mp4", "no video");
  const Annotator annotator(folder / "out", {folder / "text.mp4"}, VerdictRule{}, {});
  EXPECT_EQ(CatchMessage([&] { annotator.Annotate(0, VideoResult{}); }),
            (folder / "text.mp4").string() + ": is not a video or picture that Seam knows");
  EXPECT_TRUE(fs::is_empty(folder / "out"));
  EXPECT_EQ(CatchMessage([&] { Annotator(folder / "text.mp4", {folder / "b.mp4"}, {}, {}); }),
            (folder / "text.mp4").string() + ": cannot be made: Not a directory");
}

}  // namespace
}  // namespace seam
