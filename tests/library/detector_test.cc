#include "seam/detector.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "base/files.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

// What `action` throws as DetectorError: its line and its hint.
template <class Action>
std::string CatchError(const Action& action) {
  try {
    action();
  } catch (const DetectorError& error) {
    return std::string(error.what()) + "\n" + error.hint();
  }
  return "";
}

class DetectorTest : public testing::Test {
 protected:
  // The line that `seam infer --jsonl` writes of the demo clip.
  std::string Told(const std::string& options) const {
    const CommandResult result =
        RunCommand("seam infer " + Quoted(DemoClip().string()) + " --quiet --jsonl - " + options);
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }

  TemporaryFolder folder_;
};

TEST_F(DetectorTest, SaysExactlyWhatSeamInferSays) {
  SEAM_NEEDS_DEMO_CLIP();
  const Detector detector({"--frames=8", "--aggregate", "max"});
  const Detection found = detector.Score(DemoClip().string());
  EXPECT_EQ(found.json + "\n", Told("--frames 8 --aggregate max"));
  EXPECT_THAT(found.json, HasSubstr("but the threshold of resnet18 is for the mean"));
  EXPECT_THAT(detector.notes(),
              testing::Contains(HasSubstr("but the threshold of resnet18 is for the mean")));
}

TEST_F(DetectorTest, TellsThePersonWhoDecidesAndWhen) {
  SEAM_NEEDS_DEMO_CLIP();
  const Detector detector({"--frames=8"});
  const Detection found = detector.Score(DemoClip().string());
  EXPECT_EQ(found.verdict, Detection::Verdict::kReal);
  EXPECT_EQ(found.status, "ok");
  ASSERT_TRUE(found.score);
  EXPECT_LT(*found.score, found.threshold);
  EXPECT_THAT(found.explanation, testing::Contains(HasSubstr("below the threshold")));
  ASSERT_EQ(found.people.size(), 1U);
  const Detection::Person& person = found.people[0];
  EXPECT_TRUE(person.counts);
  EXPECT_TRUE(person.decides);
  EXPECT_EQ(person.score, *found.score);
  ASSERT_EQ(person.moments.size(), 8U);
  for (std::size_t i = 0; i < person.moments.size(); ++i) {
    const Detection::Moment& moment = person.moments[i];
    EXPECT_EQ(moment.begin_seconds, moment.end_seconds);
    EXPECT_GT(moment.begin_seconds, i > 0 ? person.moments[i - 1].begin_seconds : 0);
    EXPECT_LT(moment.end_seconds, 4);
    // The face fills about a third of the picture, whose size is 640x480.
    EXPECT_GT(moment.box.width, 100);
    EXPECT_LT(moment.box.x + moment.box.width, 640);
    EXPECT_LT(moment.box.y + moment.box.height, 480);
  }
}

TEST_F(DetectorTest, FilesThatCannotBeScoredAreValues) {
  SEAM_NEEDS_DEMO_CLIP();
  const Detector detector({"--frames=4"});
  const Detection missing = detector.Score((folder_ / "none.mp4").string());
  EXPECT_EQ(missing.verdict, Detection::Verdict::kError);
  EXPECT_EQ(missing.status, "unreadable");
  EXPECT_FALSE(missing.reason.empty());
  EXPECT_FALSE(missing.score);
  EXPECT_TRUE(missing.people.empty());

  WriteFile(folder_ / "text.mp4", "no video at all");
  EXPECT_EQ(detector.Score((folder_ / "text.mp4").string()).status, "unreadable");

  const auto empty = MakeVideo(folder_ / "empty.mp4", "-f lavfi -i color=gray:size=320x240:duration=1");
  const Detection nobody = detector.Score(empty.string());
  EXPECT_EQ(nobody.verdict, Detection::Verdict::kNoFace);
  EXPECT_EQ(nobody.status, "no_face");
}

TEST_F(DetectorTest, WrongOptionsAreErrorsWithHints) {
  EXPECT_THAT(CatchError([] { Detector({"--frame=8"}); }), HasSubstr("--frames"));
  EXPECT_THAT(CatchError([] { Detector({"--frames=none"}); }), HasSubstr("--frames"));
  EXPECT_THAT(CatchError([] { Detector({"--output=scores.csv"}); }), HasSubstr("output"));
  EXPECT_THAT(CatchError([] { Detector({"clip.mp4"}); }), HasSubstr("clip.mp4"));
  EXPECT_THAT(CatchError([] { Detector({"--device=cuda"}); }), HasSubstr("CPU"));
  EXPECT_THAT(CatchError([&] { Detector({"--model=" + (folder_ / "none.safetensors").string()}); }),
              HasSubstr("none.safetensors"));
  testing::internal::CaptureStdout();
  EXPECT_THAT(CatchError([] { Detector({"--help"}); }), HasSubstr("seam infer --help"));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_F(DetectorTest, ThreadsShareADetector) {
  SEAM_NEEDS_DEMO_CLIP();
  const Detector detector({"--frames=4", "--jobs=1"});
  const std::string alone = detector.Score(DemoClip().string()).json;
  std::vector<std::string> told(3);
  std::vector<std::thread> threads;
  for (std::string& own : told) threads.emplace_back([&] { own = detector.Score(DemoClip().string()).json; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(told, testing::Each(alone));
}

TEST_F(DetectorTest, SeveralVideosComeInTheirOrder) {
  SEAM_NEEDS_DEMO_CLIP();
  Detector made({"--frames=4"});
  const Detector detector = std::move(made);
  const std::vector<std::string> paths = {DemoClip().string(), (folder_ / "none.mp4").string(),
                                          DemoClip().string()};
  std::vector<std::size_t> numbers;
  std::vector<Detection> found;
  detector.Score(paths, [&](std::size_t i, Detection detection) {
    numbers.push_back(i);
    found.push_back(std::move(detection));
  });
  EXPECT_THAT(numbers, testing::ElementsAre(0, 1, 2));
  EXPECT_EQ(found[0].json, found[2].json);
  EXPECT_EQ(found[1].status, "unreadable");
  EXPECT_THROW(
      detector.Score(paths, [](std::size_t, const Detection&) { throw std::runtime_error("the caller's"); }),
      std::runtime_error);
  EXPECT_EQ(detector.Score(paths[0]).json, found[0].json);
}

}  // namespace
}  // namespace seam
