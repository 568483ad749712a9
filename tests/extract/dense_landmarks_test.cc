#include "extract/faces/dense_landmarks.h"

#include <map>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "extract/faces/extract_faces.h"
#include "proto/crop_spec.h"
#include "proto/shard.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class KeepClips : public ClipSink {
 public:
  explicit KeepClips(std::vector<FaceFrame>* frames) : frames_(*frames) {}
  void Add(FaceClip clip) override { frames_.insert(frames_.end(), clip.frames.begin(), clip.frames.end()); }
  void Finish(const VideoSummary&) override {}

 private:
  std::vector<FaceFrame>& frames_;
};

std::vector<FaceFrame> Extract(const fs::path& video, const ExtractOptions& options) {
  std::vector<FaceFrame> frames;
  ExtractFaces(
      {{video}}, options, [&](std::size_t) { return std::make_unique<KeepClips>(&frames); },
      [](std::size_t, const VideoSummary&, std::unique_ptr<ClipSink>) {});
  return frames;
}

ExtractOptions With(const std::string& detector, const std::string& align = "none") {
  ExtractOptions options;
  options.detector.detector = detector;
  if (detector == "hog") options.detector.detect_size = 400;
  options.crop.align = align;
  options.sample.frames = 3;
  options.landmarks.landmarks = "68";
  options.jobs = 1;
  return options;
}

cv::Point2f Mean(const std::vector<cv::Point2f>& points, std::size_t from, std::size_t to) {
  cv::Point2f sum;
  for (std::size_t i = from; i < to; ++i) sum += points[i];
  return sum / static_cast<float>(to - from);
}

// Eyes and mouth lie where a face detector, which knows nothing of the 68, has its own landmarks.
void ExpectNear(const FaceFrame& frame, const CropOptions& options) {
  ASSERT_EQ(frame.dense_landmarks.size(), 68U);
  const auto five = LandmarksInCrop(frame.face, options);
  const auto& dense = frame.dense_landmarks;
  const double scale = cv::norm((five[0] + five[1]) / 2 - (five[3] + five[4]) / 2);
  EXPECT_LT(cv::norm(Mean(dense, 36, 42) - five[0]), 0.2 * scale);
  EXPECT_LT(cv::norm(Mean(dense, 42, 48) - five[1]), 0.2 * scale);
  EXPECT_LT(cv::norm(Mean(dense, 48, 60) - (five[3] + five[4]) / 2), 0.25 * scale);
}

TEST(DenseLandmarksTest, LieWhereTheDetectorsOwnDo) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty()) GTEST_SKIP() << "needs share/retinaface.onnx";
  for (const char* align : {"none", "similarity"}) {
    const ExtractOptions options = With("retinaface", align);
    const auto frames = Extract(DemoClip(), options);
    ASSERT_EQ(frames.size(), 3U);
    for (const FaceFrame& frame : frames) ExpectNear(frame, options.crop);
  }
}

TEST(DenseLandmarksTest, AFaceWithoutLandmarksHasThemToo) {
  SEAM_NEEDS_DEMO_CLIP();
  const auto frames = Extract(DemoClip(), With("hog"));
  ASSERT_EQ(frames.size(), 3U);
  for (const FaceFrame& frame : frames) {
    ASSERT_EQ(frame.dense_landmarks.size(), 68U);
    const cv::Point2f left = Mean(frame.dense_landmarks, 36, 42), right = Mean(frame.dense_landmarks, 42, 48),
                      mouth = Mean(frame.dense_landmarks, 48, 68);
    EXPECT_NEAR(left.y, right.y, 30);
    EXPECT_GT(right.x - left.x, 60);
    EXPECT_GT(mouth.y - left.y, 60);
  }
}

TEST(DenseLandmarksTest, OnRealClipsTheyLieWhereTheDetectorsOwnDo) {
  SEAM_NEEDS_SHARED("data/clips");
  if (FindShare("retinaface.onnx").empty()) GTEST_SKIP() << "needs share/retinaface.onnx";
  int clips = 0;
  for (const fs::path& clip : OneSharedClipOfEachFolder()) {
    if (clip.string().find("original_sequences") == std::string::npos &&
        clip.string().find("real") == std::string::npos)
      continue;
    const ExtractOptions options = With("retinaface");
    for (const FaceFrame& frame : Extract(clip, options)) ExpectNear(frame, options.crop);
    if (++clips == 4) break;
  }
  EXPECT_GE(clips, 2);
}

TEST(DenseLandmarksTest, NobodyFindsThemUnasked) {
  SEAM_NEEDS_DEMO_CLIP();
  ExtractOptions options = With("hog");
  options.landmarks = {};
  for (const FaceFrame& frame : Extract(DemoClip(), options)) EXPECT_TRUE(frame.dense_landmarks.empty());
}

TEST(DenseLandmarksTest, ABadModelFileIsAnErrorThatSaysHowToGetIt) {
  const TemporaryFolder folder;
  const auto load = [](const fs::path& file) { LandmarkPredictor({"68", file.string()}); };
  const fs::path missing = folder / "none.dat", damaged = folder / "damaged.dat";
  WriteFile(damaged, "no predictor");
  EXPECT_EQ(CatchMessage([&] { load(missing); }),
            missing.string() + ": the predictor of 68 landmarks is missing");
  EXPECT_EQ(CatchHint([&] { load(missing); }),
            "install Debian's package libdlib-data, or name the file with --landmarks-model");
  EXPECT_THAT(CatchMessage([&] { load(damaged); }),
              HasSubstr("damaged.dat: cannot be loaded as dlib's predictor of landmarks"));
}

TEST(DenseLandmarksTest, CropsThatAreTooSmallAreRefused) {
  CropOptions crop;
  crop.size = 64;
  EXPECT_THAT(CatchMessage([&] {
                LandmarkOptions({"68", ""}).Check(crop);
              }),
              HasSubstr("--landmarks: crops of 64x64 are too small to find them in"));
  LandmarkOptions().Check(crop);
}

// The program, with windows in which faces are looked for in every other frame alone.
class LandmarksProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    SEAM_NEEDS_DEMO_CLIP();
    for (const char* name : {"real/a", "fake/b", "real/c", "fake/d"}) {
      const fs::path video = folder_ / (std::string("in/") + name + ".mp4");
      fs::create_directories(video.parent_path());
      MakeVideo(video, "-i " + Quoted(DemoClip().string()) + " -t 1 -c:v libx264 -preset ultrafast -crf " +
                           std::to_string(20 + video.stem().string()[0] % 9));
    }
  }
  std::string Line(const std::string& output, const std::string& options = "--landmarks 68") const {
    return "seam-extract --input " + Quoted((folder_ / "in").string()) + " --output " +
           Quoted((folder_ / output).string()) +
           " --detector hog --detect-size 400 --window 5 --windows 2 --detect-every 2 --split 0.5,0.5,0 " +
           options;
  }
  std::map<std::string, std::string> CollectFiles(const std::string& folder) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ / folder)) {
      if (entry.is_regular_file()) files[entry.path().filename().string()] = ReadFile(entry.path());
    }
    return files;
  }
  TemporaryFolder folder_;
};

TEST_F(LandmarksProgramTest, EveryStoredFrameHasThemAndTheCropIsTheSame) {
  ASSERT_EQ(RunCommand(Line("with")).status, 0);
  ASSERT_EQ(RunCommand(Line("without", "")).status, 0);
  int frames = 0, interpolated = 0;
  for (const char* split : {"train", "val"}) {
    const ShardReader with(FindShards(folder_ / "with", split).at(0)),
        without(FindShards(folder_ / "without", split).at(0));
    ASSERT_EQ(with.size(), without.size());
    for (std::size_t i = 0; i < with.size(); ++i) {
      Clip clip = with.Read(i);
      EXPECT_TRUE(SameCrop(clip.crop(), without.Read(i).crop()));
      for (Frame& frame : *clip.mutable_frames()) {
        ++frames;
        interpolated += frame.interpolated() ? 1 : 0;
        EXPECT_EQ(frame.dense_landmarks_size(), 136);
        for (const float number : frame.dense_landmarks())
          EXPECT_TRUE(number > -50 && number < 306) << number;
        frame.clear_dense_landmarks();
      }
      EXPECT_EQ(clip.SerializeAsString(), without.Read(i).SerializeAsString());
    }
  }
  EXPECT_EQ(frames, 40);
  EXPECT_EQ(interpolated, 16);
  const auto json = nlohmann::json::parse(ReadFile(folder_.path() / "with/dataset.json"));
  EXPECT_EQ(json.at("options").at("landmarks"), "68");
}

TEST_F(LandmarksProgramTest, ThreadsPartsAndAKilledRunGiveTheSameBytes) {
  ASSERT_EQ(RunCommand(Line("whole", "--landmarks 68 --jobs 1")).status, 0);
  ASSERT_EQ(RunCommand(Line("threads", "--landmarks 68 --jobs 3")).status, 0);
  EXPECT_EQ(CollectFiles("threads"), CollectFiles("whole"));

  const std::string work = Quoted((folder_ / "killed/.work").string());
  RunCommand(Line("killed", "--landmarks 68 --jobs 1") + " & pid=$!; while kill -0 $pid && [ $(ls " + work +
             "/*.json | wc -l) -lt 2 ]; do sleep 0.01; done; kill -9 $pid; wait $pid");
  ASSERT_FALSE(fs::exists(folder_ / "killed/dataset.json")) << "it ended before it could be killed";
  const CommandResult other = RunCommand(Line("killed", "--resume"));
  EXPECT_THAT(other.err, HasSubstr("was begun with other options"));
  ASSERT_EQ(RunCommand(Line("killed", "--landmarks 68 --resume")).status, 0);
  EXPECT_EQ(CollectFiles("killed"), CollectFiles("whole"));

  for (const std::string part : {"1", "2"})
    ASSERT_EQ(RunCommand(Line("part" + part, "--landmarks 68 --shard " + part + "/2")).status, 0);
  const CommandResult merged =
      RunCommand("seam-extract merge " + Quoted((folder_ / "part1").string()) + " " +
                 Quoted((folder_ / "part2").string()) + " --output " + Quoted((folder_ / "merged").string()));
  ASSERT_EQ(merged.status, 0) << merged.err;
  EXPECT_EQ(CollectFiles("merged"), CollectFiles("whole"));
}

TEST_F(LandmarksProgramTest, AMissingModelStopsItAtOnce) {
  const CommandResult result = RunCommand(Line("out", "--landmarks 68 --landmarks-model /no/such.dat"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err,
              HasSubstr("error: /no/such.dat: the predictor of 68 landmarks is missing\nhint: install "
                        "Debian's package libdlib-data"));
}

}  // namespace
}  // namespace seam
