#include "extract/faces/extract_faces.h"

#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class KeepClips : public ClipSink {
 public:
  void Add(FaceClip clip) override { clips.push_back(std::move(clip)); }
  void Finish(const VideoSummary& summary) override { status = summary.status; }
  Status status = Status::kOther;
  std::vector<FaceClip> clips;
};

struct Outcome {
  std::size_t index;
  VideoSummary summary;
  std::vector<FaceClip> clips;
};

// HOG needs no file, so these tests run wherever the demo clip is.
ExtractOptions HogOptions(int frames, int jobs = 2) {
  ExtractOptions options;
  options.detector.detector = "hog";
  options.detector.detect_size = 400;
  options.sample.frames = frames;
  options.jobs = jobs;
  return options;
}

std::vector<Outcome> Extract(const std::vector<fs::path>& videos, const ExtractOptions& options) {
  std::vector<Outcome> outcomes;
  ExtractFaces(
      {videos.begin(), videos.end()}, options, [](std::size_t) { return std::make_unique<KeepClips>(); },
      [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<ClipSink> sink) {
        outcomes.push_back({i, summary, std::move(static_cast<KeepClips&>(*sink).clips)});
      });
  return outcomes;
}

TEST(ExtractFacesTest, ThumbnailsComeOnlyWhenAskedFor) {
  SEAM_NEEDS_DEMO_CLIP();
  ExtractOptions options = HogOptions(3);
  for (const bool wanted : {false, true}) {
    options.thumbnails = wanted;
    const auto outcomes = Extract({DemoClip()}, options);
    ASSERT_EQ(outcomes[0].clips.size(), 3U);
    for (const FaceClip& clip : outcomes[0].clips) {
      const cv::Mat& thumbnail = clip.frames[0].thumbnail;
      EXPECT_EQ(thumbnail.empty(), !wanted);
      EXPECT_EQ(std::max(thumbnail.cols, thumbnail.rows), wanted ? 400 : 0);
    }
  }
}

TEST(ExtractFacesTest, OnePersonIsOneTrackInOrderOfTime) {
  SEAM_NEEDS_DEMO_CLIP();
  const auto outcomes = Extract({DemoClip()}, HogOptions(8));
  ASSERT_EQ(outcomes.size(), 1U);
  const auto& [index, summary, clips] = outcomes[0];
  EXPECT_EQ(summary.status, Status::kOk) << summary.reason;
  EXPECT_EQ(summary.frames, 8);
  EXPECT_EQ(summary.faces, 8);
  EXPECT_EQ(summary.tracks, 1);
  EXPECT_GT(summary.frames_decoded, 8);
  EXPECT_LT(summary.frames_decoded, 100) << "frames that nothing needs are dropped";
  ASSERT_EQ(clips.size(), 8U);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    EXPECT_EQ(clips[i].track, 0);
    EXPECT_EQ(clips[i].frames.at(0).picture.size(), cv::Size(256, 256));
    EXPECT_EQ(clips[i].frames.at(0).picture.type(), CV_8UC3);
    if (i > 0) {
      EXPECT_GT(clips[i].frames.at(0).stamp.pts_seconds, clips[i - 1].frames.at(0).stamp.pts_seconds);
    }
  }
}

TEST(ExtractFacesTest, ThreadsChangeNothing) {
  SEAM_NEEDS_DEMO_CLIP();
  const std::vector<fs::path> videos(3, DemoClip());
  const auto one = Extract(videos, HogOptions(5, 1)), four = Extract(videos, HogOptions(5, 4));
  ASSERT_EQ(one.size(), 3U);
  ASSERT_EQ(four.size(), 3U);
  for (std::size_t v = 0; v < one.size(); ++v) {
    ASSERT_EQ(one[v].clips.size(), four[v].clips.size());
    for (std::size_t i = 0; i < one[v].clips.size(); ++i) {
      EXPECT_EQ(one[v].clips[i].frames.at(0).stamp.index, four[v].clips[i].frames.at(0).stamp.index);
      EXPECT_EQ(one[v].clips[i].frames[0].face.box, four[v].clips[i].frames[0].face.box);
      EXPECT_EQ(
          cv::norm(one[v].clips[i].frames.at(0).picture, four[v].clips[i].frames.at(0).picture, cv::NORM_INF),
          0);
    }
  }
}

TEST(ExtractFacesTest, EveryVideoHasAnOutcomeInOrderAndBadOnesStopNothing) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  WriteFile(folder / "text.mp4", "no video");
  MakeVideo(folder / "grey.mp4", "-f lavfi -i color=gray:size=320x240:rate=10:duration=1");
  MakeVideo(folder / "whole.mp4", "-i " + Quoted(DemoClip().string()) + " -c copy -movflags +faststart");
  const std::string whole = ReadFile(folder / "whole.mp4");
  WriteFile(folder / "half.mp4", whole.substr(0, whole.size() / 2));

  const std::vector<fs::path> videos = {folder / "missing.mp4", DemoClip(),          folder / "text.mp4",
                                        folder / "grey.mp4",    folder / "half.mp4", DemoClip()};
  const auto outcomes = Extract(videos, HogOptions(4));
  ASSERT_EQ(outcomes.size(), videos.size());
  std::vector<Status> statuses;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].index, i);
    statuses.push_back(outcomes[i].summary.status);
    EXPECT_EQ(outcomes[i].summary.reason.empty(), statuses.back() == Status::kOk);
    EXPECT_EQ(outcomes[i].summary.reason.find(videos[i].string()), std::string::npos)
        << "names the file twice";
  }
  EXPECT_EQ(statuses, (std::vector<Status>{Status::kUnreadable, Status::kOk, Status::kUnreadable,
                                           Status::kNoFace, Status::kDamaged, Status::kOk}));
  EXPECT_FALSE(outcomes[4].clips.empty());
}

// Two ways of coding in one stream: the decoder of the first makes frames of the second's packets, whose
// times go back.
TEST(ExtractFacesTest, TheTimeLookedAtIsNeverBelowZero) {
  const TemporaryFolder folder;
  const auto made = [&](const std::string& options) {
    return ReadFile(
        MakeVideo(folder / "a.ts", "-f lavfi -i testsrc2=size=128x96:rate=25:duration=1 " + options));
  };
  const std::string one = made("-f lavfi -i anullsrc=r=48000:cl=mono -shortest -c:v libx264 -c:a aac"),
                    other = made("-c:v mpeg2video");
  WriteFile(folder / "joined.ts", one + other);
  const auto outcomes = Extract({folder / "joined.ts"}, HogOptions(32));
  EXPECT_GT(outcomes[0].summary.frames, 1);
  EXPECT_GT(outcomes[0].summary.seconds, 0);
}

TEST(ExtractFacesTest, WhatASinkThrowsComesOut) {
  SEAM_NEEDS_DEMO_CLIP();
  class FullDisk : public ClipSink {
    void Finish(const VideoSummary&) override {}
    void Add(FaceClip) override { throw Error("shard", "cannot be written: No space left on device"); }
  };
  const auto run = [] {
    ExtractFaces(
        {{DemoClip()}, {DemoClip()}}, HogOptions(4), [](std::size_t) { return std::make_unique<FullDisk>(); },
        [](std::size_t, const VideoSummary&, std::unique_ptr<ClipSink>) {});
  };
  EXPECT_EQ(CatchMessage(run), "shard: cannot be written: No space left on device");
}

TEST(ExtractFacesTest, StrideLooksAtEveryNthFrame) {
  SEAM_NEEDS_DEMO_CLIP();
  ExtractOptions options = HogOptions(1);
  options.sample.stride = 25;
  const auto outcomes = Extract({DemoClip()}, options);
  std::vector<std::int64_t> indices;
  for (const FaceClip& clip : outcomes.at(0).clips) indices.push_back(clip.frames.at(0).stamp.index);
  EXPECT_EQ(indices, (std::vector<std::int64_t>{0, 25, 50, 75}));
}

ExtractOptions WindowOptions(int window, int windows) {
  ExtractOptions options = HogOptions(1);
  options.sample.window = window;
  options.sample.windows = windows;
  return options;
}

TEST(ExtractFacesTest, WindowsHoldConsecutiveFramesOfEachPerson) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  MakeVideo(folder / "two.mp4", "-i " + Quoted(DemoClip().string()) +
                                    " -filter_complex \"[0]split[a][b];[b]hflip[c];[a][c]hstack\"");
  ExtractOptions options = WindowOptions(4, 3);
  options.detector.detect_size = 800;
  options.choice.faces = "all";
  const auto outcomes = Extract({folder / "two.mp4"}, options);
  const VideoSummary& summary = outcomes.at(0).summary;
  EXPECT_EQ(summary.status, Status::kOk) << summary.reason;
  EXPECT_EQ(summary.tracks, 2);
  EXPECT_EQ(summary.clips, 6);
  EXPECT_EQ(summary.windows_dropped, 0);
  EXPECT_EQ(summary.kept, (std::vector<int>{0, 1}));
  ASSERT_EQ(outcomes[0].clips.size(), 6U);
  std::map<int, cv::Point2f> places;
  for (const FaceClip& clip : outcomes[0].clips) {
    ASSERT_EQ(clip.frames.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(clip.frames[i].stamp.index, clip.frames[0].stamp.index + static_cast<std::int64_t>(i));
      const cv::Rect2f& box = clip.frames[i].face.box;
      const cv::Point2f centre = (box.tl() + box.br()) * 0.5F;
      const cv::Point2f& place = places.emplace(clip.track, centre).first->second;
      EXPECT_LT(std::abs(centre.x - place.x), 150) << "the other person, of track " << clip.track;
    }
  }
}

TEST(ExtractFacesTest, CentreIsWhoeverIsNearestToTheMiddle) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  // A large person on the left, one of three quarters in the middle, nobody on the right.
  MakeVideo(folder / "two.mp4", "-i " + Quoted(DemoClip().string()) +
                                    " -filter_complex \"[0]split[a][b];[b]scale=iw*3/4:ih*3/4,"
                                    "pad=iw:ih*4/3[c];[a][c]hstack,pad=iw*11/7:ih\"");
  ExtractOptions options = HogOptions(4);
  options.detector.detect_size = 1600;
  std::map<std::string, Outcome> of;
  for (const char* faces : {"largest", "centre", "all"}) {
    options.choice.faces = faces;
    of[faces] = Extract({folder / "two.mp4"}, options).at(0);
  }
  ASSERT_EQ(of["all"].summary.kept.size(), 2U);
  ASSERT_EQ(of["centre"].summary.kept.size(), 1U);
  EXPECT_NE(of["centre"].summary.kept, of["largest"].summary.kept);
  EXPECT_EQ(of["centre"].summary.main_track, of["centre"].summary.kept[0]);
  EXPECT_EQ(of["all"].summary.main_track, of["largest"].summary.main_track);
  const auto width = static_cast<float>(of["all"].summary.size.width);
  int clips = 0;
  for (const FaceClip& clip : of["all"].clips) {
    const cv::Rect2f& box = clip.frames.at(0).face.box;
    const bool middle = std::abs(box.x + box.width / 2 - width / 2) < width / 7;
    EXPECT_EQ(clip.track == of["centre"].summary.main_track, middle);
    clips += middle ? 1 : 0;
  }
  EXPECT_EQ(clips, of["centre"].summary.clips);
}

TEST(ExtractFacesTest, FacesThatAreFollowedLieWhereTheyWouldBeFound) {
  SEAM_NEEDS_DEMO_CLIP();
  ExtractOptions options = WindowOptions(9, 2);
  const auto found = Extract({DemoClip()}, options);
  options.sample.detect_every = 4;
  const auto followed = Extract({DemoClip()}, options);
  ASSERT_EQ(found.at(0).clips.size(), 2U);
  ASSERT_EQ(followed.at(0).clips.size(), 2U);
  EXPECT_EQ(followed[0].summary.faces, 2 * 3);  // looked for in frames 0, 4 and 8 of each window
  EXPECT_EQ(followed[0].summary.interpolated, 2 * 6);
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t i = 0; i < 9; ++i) {
      const FaceFrame &one = found[0].clips[c].frames[i], &other = followed[0].clips[c].frames[i];
      EXPECT_EQ(one.stamp.index, other.stamp.index);
      const float both = (one.face.box & other.face.box).area();
      // HOG finds faces in steps of a fifth of their size.
      EXPECT_GT(both / (one.face.box.area() + other.face.box.area() - both), 0.6F) << i;
    }
  }
}

TEST(ExtractFacesTest, AWindowOfOneIsTheSingleFrame) {
  SEAM_NEEDS_DEMO_CLIP();
  const auto frames = Extract({DemoClip()}, HogOptions(5)),
             windows = Extract({DemoClip()}, WindowOptions(1, 5));
  ASSERT_EQ(frames.at(0).clips.size(), 5U);
  ASSERT_EQ(windows.at(0).clips.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    const FaceFrame &one = frames[0].clips[i].frames.at(0), &other = windows[0].clips[i].frames.at(0);
    EXPECT_EQ(one.stamp.index, other.stamp.index);
    EXPECT_EQ(cv::norm(one.picture, other.picture, cv::NORM_INF), 0);
  }
}

TEST(ExtractFacesTest, AWindowThatNobodyFillsIsDroppedAndTold) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  // The face for 40 frames, then 40 without one.
  MakeVideo(folder / "half.mp4",
            "-i " + Quoted(DemoClip().string()) +
                " -f lavfi -i testsrc=size=640x480:rate=25:duration=1.6 -filter_complex "
                "\"[0]trim=end_frame=40,scale=640:480,setsar=1[a];[1]setsar=1[b];[a][b]concat\" -r 25");
  const auto outcomes = Extract({folder / "half.mp4"}, WindowOptions(6, 4));
  const VideoSummary& summary = outcomes.at(0).summary;
  EXPECT_EQ(summary.status, Status::kOk);
  EXPECT_EQ(summary.clips, 2);
  EXPECT_EQ(summary.windows_dropped, 2);
  EXPECT_EQ(summary.reason, "2 of 4 windows dropped: nobody wanted is seen in all of it");
}

TEST(ExtractFacesTest, AVideoShorterThanAWindowIsAFailureAndTold) {
  SEAM_NEEDS_DEMO_CLIP();
  const auto outcomes = Extract({DemoClip()}, WindowOptions(500, 1));
  EXPECT_EQ(outcomes.at(0).summary.status, Status::kTooShort);
  EXPECT_EQ(outcomes[0].summary.reason, "has fewer than the 500 frames of a window");
  EXPECT_TRUE(IsFailure(Status::kTooShort));
}

TEST(ExtractFacesTest, SmallFacesArePassedOverAndCounted) {
  SEAM_NEEDS_DEMO_CLIP();
  ExtractOptions options = HogOptions(3);
  options.choice.min_face = 5000;
  const auto outcomes = Extract({DemoClip()}, options);
  const VideoSummary& summary = outcomes.at(0).summary;
  EXPECT_EQ(summary.status, Status::kNoFace);
  EXPECT_EQ(summary.small_faces, 3);
  EXPECT_EQ(summary.faces, 0);
  EXPECT_EQ(summary.reason,
            "no face of 5000 pixels in any of the frames looked at; 3 smaller ones were passed over");
}

TEST(ExtractFacesTest, AlignmentNeedsADetectorOfLandmarks) {
  ExtractOptions options = HogOptions(1);
  options.crop.align = "similarity";
  EXPECT_EQ(CatchMessage([&] { options.Check(); }),
            "--align: similarity needs landmarks, which hog does not find");
  options.detector.detector = "yunet";
  options.Check();
  options.choice.min_face = -1;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--min-face: must be from 0 to 100000, not -1");
}

TEST(ExtractFacesTest, WindowsOfSharedClipsFollowOnePerson) {
  SEAM_NEEDS_SHARED("data/clips/misc/several_people.mp4");
  SEAM_NEEDS_SHARED("models/retinaface_mnet025_v2.onnx");
  ExtractOptions options = WindowOptions(8, 4);
  options.detector = {};
  options.detector.detector_model = SharedPath("models/retinaface_mnet025_v2.onnx").string();
  options.crop.size = 64;
  options.crop.align = "similarity";
  options.choice.faces = "all";
  const auto outcomes = Extract({SharedPath("data/clips/misc/several_people.mp4")}, options);
  EXPECT_GT(outcomes.at(0).clips.size(), 2U);
  for (const FaceClip& clip : outcomes[0].clips) {
    ASSERT_EQ(clip.frames.size(), 8U);
    for (std::size_t i = 1; i < 8; ++i) {
      const FaceFrame &before = clip.frames[i - 1], &now = clip.frames[i];
      EXPECT_EQ(now.stamp.index, before.stamp.index + 1);
      const cv::Rect2f both = before.face.box & now.face.box;
      EXPECT_GT(both.area(), 0.3F * now.face.box.area()) << now.stamp.index;
    }
  }
}

TEST(ExtractFacesTest, MissingWeightsAreAnErrorBeforeAnyVideo) {
  ExtractOptions options;
  options.detector.detector_model = "/nowhere.onnx";
  EXPECT_EQ(CatchMessage([&] { Extract({"a.mp4"}, options); }),
            "/nowhere.onnx: no such file of detector weights");
}

// OpenCV cuts maps at fixed places, which fails above 16384 pixels: not the file's fault.
TEST(ExtractFacesTest, AFailureOfTheDetectorIsToldAsOne) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  const TemporaryFolder folder;
  const auto wide = MakeVideo(folder / "wide.png", "-f lavfi -i testsrc2=size=17000x32 -frames:v 1");
  ExtractOptions options;
  options.sample.frames = 2;
  options.detector.detector_engine = "opencv";
  options.detector.detect_size = 17000;
  const auto outcomes = Extract({wide}, options);
  EXPECT_EQ(outcomes.at(0).summary.status, Status::kUnreadable);
  EXPECT_TRUE(outcomes[0].summary.reason.starts_with("the face detector failed: "))
      << outcomes[0].summary.reason;
  EXPECT_NE(outcomes[0].summary.hint.find("--detector-engine"), std::string::npos);
#ifdef SEAM_ONEDNN
  options.detector.detector_engine = "seam";
  EXPECT_EQ(Extract({wide}, options).at(0).summary.status, Status::kNoFace);
#endif
}

// Of the shared data's RetinaFace.
ExtractOptions RetinaFaceOptions(int frames) {
  ExtractOptions options;
  options.detector.detector_model = SharedPath("models/retinaface_mnet025_v2.onnx").string();
  options.sample.frames = frames;
  options.choice.faces = "all";
  options.crop.size = 32;
  return options;
}

TEST(ExtractFacesTest, SharedClipsHaveAFaceInAlmostEveryFrame) {
  SEAM_NEEDS_SHARED("data/clips");
  SEAM_NEEDS_SHARED("models/retinaface_mnet025_v2.onnx");
  const auto clips = OneSharedClipOfEachFolder();
  int frames = 0, crops = 0;
  for (const Outcome& outcome : Extract(clips, RetinaFaceOptions(4))) {
    // A face that is small and far away may be missed in all four frames.
    EXPECT_TRUE(outcome.summary.status == Status::kOk || outcome.summary.status == Status::kNoFace)
        << outcome.summary.reason;
    frames += outcome.summary.frames;
    crops += static_cast<int>(outcome.clips.size());
  }
  EXPECT_EQ(frames, static_cast<int>(4 * clips.size()));
  EXPECT_GE(crops, frames * 95 / 100);
}

// One of them turns away and walks behind the other's back; in the end they stand side by side.
TEST(ExtractFacesTest, TwoPeopleAreTwoTracksThoughOneIsAwayForALongTime) {
  SEAM_NEEDS_SHARED("data/clips/misc/several_people.mp4");
  SEAM_NEEDS_SHARED("models/retinaface_mnet025_v2.onnx");
  for (const int frames : {24, 32, 64}) {
    SCOPED_TRACE(frames);
    const auto outcomes =
        Extract({SharedPath("data/clips/misc/several_people.mp4")}, RetinaFaceOptions(frames));
    EXPECT_EQ(outcomes.at(0).summary.tracks, 2);
    int first = 0, second = 0;
    for (const FaceClip& clip : outcomes.at(0).clips) {
      const FaceFrame& face = clip.frames.at(0);
      if (face.stamp.pts_seconds > 0.5 && face.stamp.pts_seconds < 3) continue;
      const bool on_the_right = face.face.box.x > (face.stamp.pts_seconds < 1 ? 500 : 530);
      EXPECT_EQ(clip.track, on_the_right ? 0 : 1) << face.stamp.pts_seconds << " at " << face.face.box.x;
      ++(on_the_right ? first : second);
    }
    EXPECT_GT(first, frames / 4);
    EXPECT_GT(second, frames / 4);
  }
}

}  // namespace
}  // namespace seam
