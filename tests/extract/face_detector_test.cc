#include "extract/faces/face_detector.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

DetectorOptions With(const std::string& detector, const std::string& model = "") {
  DetectorOptions options;
  options.detector = detector;
  options.detector_model = model;
  return options;
}

// Of frames 10, 60 and 110 of a shared clip of each folder: how many there are, and in how many a face was
// found.
std::pair<int, int> FramesWithAFace(FaceDetector* detector) {
  int frames = 0, with_face = 0;
  for (const auto& clip : OneSharedClipOfEachFolder()) {
    VideoReader reader(clip);
    while (const auto stamp = reader.Next()) {
      if (stamp->index != 10 && stamp->index != 60 && stamp->index != 110) continue;
      ++frames;
      with_face += detector->Detect(reader.Frame().Picture()).empty() ? 0 : 1;
      if (stamp->index == 110) break;
    }
  }
  return {frames, with_face};
}

TEST(RetinaFaceTest, FindsTheFacesOfTheSharedClips) {
  SEAM_NEEDS_SHARED("data/clips");
  SEAM_NEEDS_SHARED("models/retinaface_mnet025_v2.onnx");
  const auto detector =
      MakeFaceDetector(With("retinaface", SharedPath("models/retinaface_mnet025_v2.onnx").string()));
  const auto [frames, with_face] = FramesWithAFace(detector.get());
  EXPECT_GE(frames, 54);
  EXPECT_GE(with_face, frames * 95 / 100);
}

TEST(YuNetTest, FindsTheFacesOfTheSharedClips) {
  SEAM_NEEDS_SHARED("data/clips");
  SEAM_NEEDS_SHARED("models/face_detection_yunet_2022mar.onnx");
  const auto detector =
      MakeFaceDetector(With("yunet", SharedPath("models/face_detection_yunet_2022mar.onnx").string()));
  const auto [frames, with_face] = FramesWithAFace(detector.get());
  EXPECT_GE(frames, 54);
  EXPECT_GE(with_face, frames * 98 / 100);
}

// Frames 10, 60 and 110 of every shared clip.
template <class Action>
int ForFramesOfSharedClips(const Action& action) {
  int frames = 0;
  for (const auto& clip : SharedClips()) {
    VideoReader reader(clip);
    while (const auto stamp = reader.Next()) {
      if (stamp->index != 10 && stamp->index != 60 && stamp->index != 110) continue;
      ++frames;
      SCOPED_TRACE(clip.string() + " " + std::to_string(stamp->index));
      action(reader.Frame().Picture());
      if (stamp->index == 110) break;
    }
  }
  return frames;
}

void ExpectSameFaces(const std::vector<Face>& faces, const std::vector<Face>& others) {
  constexpr float kPixels = 0.01F;
  ASSERT_EQ(faces.size(), others.size());
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const Face &face = faces[i], &other = others[i];
    EXPECT_NEAR(face.score, other.score, 1e-4F);
    EXPECT_NEAR(face.box.x, other.box.x, kPixels);
    EXPECT_NEAR(face.box.y, other.box.y, kPixels);
    EXPECT_NEAR(face.box.width, other.box.width, kPixels);
    EXPECT_NEAR(face.box.height, other.box.height, kPixels);
    for (std::size_t k = 0; k < 5; ++k) {
      EXPECT_NEAR(face.landmarks[k].x, other.landmarks[k].x, kPixels);
      EXPECT_NEAR(face.landmarks[k].y, other.landmarks[k].y, kPixels);
    }
  }
}

#ifdef SEAM_ONEDNN
// Seam's engine against OpenCV's, to a hundredth of a pixel of the picture searched.
TEST(DetectorEnginesTest, BothFindTheSameFaces) {
  SEAM_NEEDS_SHARED("data/clips");
  struct Pair {
    DetectorOptions options;
    std::unique_ptr<FaceDetector> seam, opencv;
    int faces = 0;
  };
  std::vector<Pair> pairs;
  for (const auto& [name, file] : {std::pair("retinaface", "retinaface_mnet025_v2.onnx"),
                                   std::pair("yunet", "face_detection_yunet_2022mar.onnx")}) {
    Pair& pair = pairs.emplace_back();
    pair.options = With(name, SharedPath(std::string("models/") + file).string());
    pair.options.detector_engine = "seam";
    pair.seam = MakeFaceDetector(pair.options);
    pair.options.detector_engine = "opencv";
    pair.opencv = MakeFaceDetector(pair.options);
  }
  const int frames = ForFramesOfSharedClips([&](const cv::Mat& picture) {
    for (Pair& pair : pairs) {
      SCOPED_TRACE(pair.options.detector);
      float scale = 1;
      const cv::Mat small = ShrinkTo(picture, pair.options.EffectiveSize(), &scale);
      const std::vector<Face> found = pair.seam->Detect(small);
      pair.faces += static_cast<int>(found.size());
      ExpectSameFaces(found, pair.opencv->Detect(small));
    }
  });
  EXPECT_EQ(frames, 306);
  for (const Pair& pair : pairs) EXPECT_GE(pair.faces, 300) << pair.options.detector;
}

// The file was exported for 640 pixels.
TEST(RetinaFaceTest, LooksForFacesInPicturesAbove640Pixels) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  VideoReader reader(DemoClip());
  reader.Next();
  const cv::Mat picture = reader.Frame().Picture();
  cv::Mat wide;
  cv::resize(picture, wide, {1500, 1000});
  DetectorOptions options = With("retinaface");
  options.detect_size = 1500;
  const std::vector<Face> faces = MakeFaceDetector(options)->Detect(wide);
  EXPECT_GE(faces.size(), 1U);
  options.detector_engine = "opencv";
  ExpectSameFaces(faces, MakeFaceDetector(options)->Detect(wide));
}

TEST(DetectorTest, TakesPicturesOfAnyShape) {
  std::vector<DetectorOptions> detectors = {With("hog")};
  if (!FindShare("retinaface.onnx").empty()) detectors.push_back(With("retinaface"));
  if (const auto yunet = SharedPath("models/face_detection_yunet_2022mar.onnx");
      std::filesystem::exists(yunet))
    detectors.push_back(With("yunet", yunet.string()));
  for (DetectorOptions& options : detectors) {
    options.detect_size = 700;
    for (const std::string engine : {"seam", "opencv"}) {
      options.detector_engine = engine;
      const auto detector = MakeFaceDetector(options);
      for (const cv::Size size : {cv::Size(1400, 9), {5, 900}, {1, 1}, {33, 63}, {3000, 2000}}) {
        SCOPED_TRACE(options.detector + " " + engine + " " + std::to_string(size.width));
        EXPECT_NO_THROW(detector->Detect(cv::Mat(size, CV_8UC3, cv::Scalar::all(90))));
      }
    }
  }
}

// Threads that search pictures of many sizes at once share one network.
TEST(RetinaFaceTest, ThreadsShareTheNetwork) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  VideoReader reader(DemoClip());
  reader.Next();
  const cv::Mat picture = reader.Frame().Picture();
  std::vector<std::jthread> threads;
  std::atomic<int> found = 0;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      DetectorOptions options = With("retinaface");
      for (const int size : {320, 192 + 32 * thread, 256, 320}) {
        options.detect_size = size;
        found += static_cast<int>(MakeFaceDetector(options)->Detect(picture).size());
      }
    });
  }
  threads.clear();
  EXPECT_EQ(found, 12);
}
#endif

// The portrait of the demo clip: one face, its points where a face has them.
void ExpectOneFace(const cv::Mat& picture, FaceDetector* detector) {
  const std::vector<Face> faces = detector->Detect(picture);
  ASSERT_EQ(faces.size(), 1U);
  const Face& face = faces[0];
  EXPECT_GT(face.score, 0.6F);
  EXPECT_LE(face.score, 1.0F);
  EXPECT_TRUE((face.box & cv::Rect2f({}, cv::Size2f(picture.size()))).area() > 0.9F * face.box.area());
  if (!face.has_landmarks) return;
  for (const cv::Point2f& point : face.landmarks) EXPECT_TRUE(face.box.contains(point)) << point;
  const auto& [left_eye, right_eye, nose, left_mouth, right_mouth] = face.landmarks;
  EXPECT_LT(left_eye.x, right_eye.x);
  EXPECT_LT(left_mouth.x, right_mouth.x);
  EXPECT_LT(left_eye.y, nose.y);
  EXPECT_LT(nose.y, left_mouth.y);
}

cv::Mat DemoPicture() {
  VideoReader reader(DemoClip());
  reader.Next();
  return reader.Frame().Picture();
}

TEST(RetinaFaceTest, FindsThePortraitAndItsPoints) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  ExpectOneFace(DemoPicture(), MakeFaceDetector(With("retinaface")).get());
}

TEST(YuNetTest, FindsThePortraitAndItsPoints) {
  SEAM_NEEDS_DEMO_CLIP();
  SEAM_NEEDS_SHARED("models/face_detection_yunet_2022mar.onnx");
  ExpectOneFace(
      DemoPicture(),
      MakeFaceDetector(With("yunet", SharedPath("models/face_detection_yunet_2022mar.onnx").string())).get());
}

TEST(HogTest, FindsThePortrait) {
  SEAM_NEEDS_DEMO_CLIP();
  ExpectOneFace(DemoPicture(), MakeFaceDetector(With("hog")).get());
}

// The three agree about where the face is, and the two that know about its points.
TEST(FaceDetectorTest, DetectorsAgree) {
  SEAM_NEEDS_DEMO_CLIP();
  SEAM_NEEDS_SHARED("models");
  const cv::Mat picture = DemoPicture();
  const auto box = [&](const DetectorOptions& options) {
    return MakeFaceDetector(options)->Detect(picture).at(0).box;
  };
  const cv::Rect2f retinaface =
      box(With("retinaface", SharedPath("models/retinaface_mnet025_v2.onnx").string()));
  const cv::Rect2f yunet =
      box(With("yunet", SharedPath("models/face_detection_yunet_2022mar.onnx").string()));
  const cv::Rect2f hog = box(With("hog"));
  EXPECT_GT((retinaface & yunet).area(), 0.7F * std::max(retinaface.area(), yunet.area()));
  EXPECT_GT((retinaface & hog).area(), 0.5F * std::max(retinaface.area(), hog.area()));
}

TEST(FaceDetectorTest, APictureWithoutAFaceHasNone) {
  const cv::Mat grey(240, 320, CV_8UC3, cv::Scalar::all(128));
  EXPECT_TRUE(MakeFaceDetector(With("hog"))->Detect(grey).empty());
}

TEST(FaceDetectorTest, TinyPicturesAreSearchedToo) {
  const cv::Mat dot(1, 1, CV_8UC3, cv::Scalar::all(128));
  EXPECT_TRUE(MakeFaceDetector(With("hog"))->Detect(dot).empty());
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  EXPECT_TRUE(MakeFaceDetector(With("retinaface"))->Detect(dot).empty());
}

TEST(FaceDetectorTest, MissingWeightsAreAnErrorThatSaysHowToGetThem) {
  EXPECT_EQ(CatchMessage([] { MakeFaceDetector(With("retinaface", "/nowhere.onnx")); }),
            "/nowhere.onnx: no such file of detector weights");
  EXPECT_NE(CatchHint([] { MakeFaceDetector(With("retinaface", "/nowhere.onnx")); }).find("scripts/setup.sh"),
            std::string::npos);
  EXPECT_NE(CatchHint([] { MakeFaceDetector(With("yunet", "/nowhere.onnx")); }).find("2022mar"),
            std::string::npos);
}

TEST(FaceDetectorTest, WeightsThatAreNoNetworkAreNamed) {
  const TemporaryFolder folder;
  WriteFile(folder / "text.onnx", "this is no network");
  for (const char* name : {"retinaface", "yunet"}) {
    const std::string message =
        CatchMessage([&] { MakeFaceDetector(With(name, (folder / "text.onnx").string())); });
    EXPECT_TRUE(message.starts_with((folder / "text.onnx").string() + ": cannot be loaded as " + name))
        << message;
  }
}

TEST(FaceDetectorTest, AnUnknownNameIsAUsageError) {
  EXPECT_EQ(CatchMessage([] { MakeFaceDetector(With("mtcnn")); }),
            "--detector: 'mtcnn' is not a face detector");
  DetectorOptions options = With("hog");
  options.detector_engine = "tpu";
  EXPECT_EQ(CatchMessage([&] { MakeFaceDetector(options); }), "--detector-engine: 'tpu' is no engine");
  EXPECT_EQ(CatchMessage([] { MakeFaceDetector(With("hog", "a.onnx")); }),
            "--detector-model: hog takes no file");
}

}  // namespace
}  // namespace seam
