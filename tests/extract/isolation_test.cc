// Files that break, hang or take over what decodes them: each costs one row.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/sandbox.h"
#include "extract/faces/extract_faces.h"
#include "extract/media/decoder_pool.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A file that makes seam-decode-faulty do `what`.
fs::path Fault(const TemporaryFolder& folder, const std::string& what) {
  WriteFile(folder / (what + ".mp4"), "FAULT " + what + std::string(64, '\0'));
  return folder / (what + ".mp4");
}

MediaLimits FaultyLimits(const std::string& isolation = "strict") {
  MediaLimits limits;
  limits.isolation = isolation;
  limits.decoders = std::make_shared<DecoderPool>("decode-faulty");
  return limits;
}

std::string CatchFailure(const fs::path& file, const MediaLimits& limits, const Deadline& deadline = {}) {
  try {
    ScanVideo(file, limits, deadline);
  } catch (const DecoderFailure& failure) {
    return failure.what();
  } catch (const Error& error) {
    return std::string("an Error: ") + error.what();
  }
  return "nothing happened";
}

class NoClips : public ClipSink {
 public:
  void Add(FaceClip) override {}
  void Finish(const VideoSummary&) override {}
};

std::vector<VideoSummary> Extract(const std::vector<fs::path>& files, const MediaLimits& limits) {
  ExtractOptions options;
  options.detector.detector = "hog";
  options.detector.detect_size = 200;
  options.sample.frames = 2;
  options.media = limits;
  std::vector<VideoTask> tasks;
  for (const fs::path& file : files) tasks.push_back({file});
  std::vector<VideoSummary> summaries;
  ExtractFaces(
      tasks, options, [](std::size_t) { return std::make_unique<NoClips>(); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink>) {
        summaries.push_back(summary);
      });
  return summaries;
}

#define NEEDS_SANDBOX() \
  if (!SandboxProblem().empty()) GTEST_SKIP() << SandboxProblem()

class SandboxTest : public testing::TestWithParam<const char*> {};

TEST_P(SandboxTest, WhatIsForbiddenKillsTheProcessAtOnce) {
  NEEDS_SANDBOX();
  const TemporaryFolder folder;
  EXPECT_THAT(CatchFailure(Fault(folder, GetParam()), FaultyLimits()),
              HasSubstr("its decoder was killed by SIGSYS: it tried what its sandbox forbids"));
  EXPECT_FALSE(fs::exists("/tmp/seam-was-here"));
}

INSTANTIATE_TEST_SUITE_P(Calls, SandboxTest,
                         testing::Values("open", "write", "socket", "unix-socket", "execve", "ptrace", "kill",
                                         "fork", "limit", "open-in-thread"),
                         [](const auto& call) {
                           std::string name = call.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(IsolationTest, WithoutASandboxTheSameCallsGoThrough) {
  const TemporaryFolder folder;
  for (const char* call : {"open", "socket", "open-in-thread"}) {
    EXPECT_THAT(CatchFailure(Fault(folder, call), FaultyLimits("process")), HasSubstr("an Error: ")) << call;
  }
}

TEST(IsolationTest, ReasonsNameTheSignal) {
  const TemporaryFolder folder;
  const MediaLimits limits = FaultyLimits();
  EXPECT_THAT(CatchFailure(Fault(folder, "crash"), limits),
              HasSubstr("crash.mp4: its decoder crashed: SIGSEGV"));
  EXPECT_THAT(CatchFailure(Fault(folder, "abort"), limits), HasSubstr("its decoder crashed: SIGABRT"));
  EXPECT_THAT(CatchFailure(Fault(folder, "exit"), limits), HasSubstr("its decoder ended with status 7"));
}

TEST(IsolationTest, NonsenseIsNotBelieved) {
  const TemporaryFolder folder;
  for (const char* what : {"nonsense", "garbage"}) {
    EXPECT_THAT(CatchFailure(Fault(folder, what), FaultyLimits()),
                HasSubstr("its decoder sent an answer that makes no sense"))
        << what;
  }
}

TEST(IsolationTest, WhatHangsIsGivenUp) {
  const TemporaryFolder folder;
  MediaLimits limits = FaultyLimits();
  limits.max_silence = 0.2;
  EXPECT_THAT(CatchFailure(Fault(folder, "hang"), limits),
              HasSubstr("its decoder hangs: no sign of life for 0.2 seconds"));
  limits.max_silence = 0;
  limits.max_seconds = 0.2;
  EXPECT_THAT(CatchFailure(Fault(folder, "burn"), limits), HasSubstr("its decoder was killed by SIGXCPU"));
  EXPECT_THAT(CatchFailure(Fault(folder, "hang"), limits, Deadline(0.2)), HasSubstr("the time is up"));
}

TEST(IsolationTest, CancellingEndsAProcessThatHangs) {
  const TemporaryFolder folder;
  const CancelSource source;
  source.Cancel();
  MediaLimits limits = FaultyLimits();
  limits.max_silence = 0;
  EXPECT_THAT(CatchFailure(Fault(folder, "hang"), limits, Deadline(0, source.token())),
              HasSubstr("the time is up"));
}

TEST(IsolationTest, MemoryIsLimited) {
  NEEDS_SANDBOX();  // a sanitizer maps terabytes
  const TemporaryFolder folder;
  MediaLimits limits = FaultyLimits();
  limits.max_memory = 256;
  EXPECT_THAT(CatchFailure(Fault(folder, "memory"), limits),
              HasSubstr("its decoder needs more memory than --max-memory allows"));
}

TEST(IsolationTest, AHostileFileCostsOneRowAndTheOthersGoOn) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  MediaLimits limits = FaultyLimits();
  limits.max_silence = 10;  // starting a process on a busy machine takes a while
  const std::vector<fs::path> files = {DemoClip(), Fault(folder, "wild"), DemoClip(), Fault(folder, "hang"),
                                       DemoClip()};
  const std::vector<VideoSummary> summaries = Extract(files, limits);
  ASSERT_EQ(summaries.size(), files.size());
  for (const std::size_t good : {0U, 2U, 4U}) {
    EXPECT_EQ(summaries[good].frames, 2) << summaries[good].reason;
    EXPECT_FALSE(IsFailure(summaries[good].status)) << summaries[good].reason;
  }
  EXPECT_EQ(summaries[1].status, Status::kCrashed);
  EXPECT_THAT(summaries[1].reason, HasSubstr("its decoder crashed: SIGSEGV"));
  EXPECT_EQ(summaries[3].status, Status::kCrashed);
  EXPECT_EQ(summaries[3].reason, "its decoder hangs: no sign of life for 10 seconds");
  EXPECT_TRUE(IsFailure(Status::kCrashed));
  EXPECT_EQ(ReadStatus("crashed"), Status::kCrashed);
}

TEST(IsolationTest, ACrashInTheMiddleOfAVideoIsARowToo) {
  SEAM_NEEDS_DEMO_CLIP();
  MediaLimits limits;
  limits.decoders = std::make_shared<DecoderPool>();
  VideoReader reader(DemoClip(), limits);
  ASSERT_TRUE(reader.Next().has_value());
  const VideoFrame frame = reader.Frame();
  const cv::Mat before = frame.Picture();
  // The one child of this process.
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code gone;
    if (fs::read_symlink(entry.path() / "exe", gone).filename() != "seam-decode") continue;
    std::string stat;
    std::getline(std::ifstream(entry.path() / "stat"), stat);
    const std::string after = stat.substr(stat.rfind(')') + 4);
    if (std::stoi(after) != getpid()) continue;
    kill(std::stoi(name), SIGBUS);
    // Until it is dead, which takes its time on a busy machine, it may answer.
    for (std::string state = stat; !state.empty() && state[state.rfind(')') + 2] != 'Z';) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (!std::getline(std::ifstream(entry.path() / "stat"), state)) state.clear();
    }
  }
  EXPECT_THROW(frame.Picture(), DecoderFailure);
  EXPECT_THROW(reader.Next(), DecoderFailure);
  VideoReader again(DemoClip(), limits);
  ASSERT_TRUE(again.Next().has_value());
  const cv::Mat now = again.Frame().Picture();
  EXPECT_EQ(std::memcmp(before.data, now.data, before.total() * 3), 0);
}

TEST(IsolationTest, FramesAreTheSameBytesAsInThisProcess) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  MediaLimits here;
  here.isolation = "none";
  MediaLimits isolated;
  isolated.decoders = std::make_shared<DecoderPool>();
  const auto same = [](const cv::Mat& a, const cv::Mat& b) {
    return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
  };
  std::vector<fs::path> files = {DemoClip()};
  files.push_back(
      MakeVideo(folder / "odd.mkv", "-f lavfi -i testsrc=size=333x201:rate=5:duration=1 -c:v ffv1"));
  files.push_back(MakeVideo(folder / "picture.png", "-f lavfi -i testsrc=size=333x201 -frames:v 1"));
  files.push_back(MakeVideo(folder / "picture.jpg", "-f lavfi -i testsrc=size=333x201 -frames:v 1"));
  files.push_back(MakeVideo(folder / "picture.tiff", "-f lavfi -i testsrc=size=333x201 -frames:v 1"));
  for (const fs::path& file : files) {
    const VideoScan one = ScanVideo(file, here), two = ScanVideo(file, isolated);
    EXPECT_EQ(one.times, two.times) << file;
    EXPECT_EQ(one.order.size(), two.order.size()) << file;
    EXPECT_EQ(one.ascending, two.ascending) << file;
    VideoReader first(file, here), second(file, isolated);
    if (one.times.size() > 7) {
      const std::vector<double> wanted = {one.times[2], one.times[one.times.size() - 1]};
      first.ShowOnly(one, wanted);
      second.ShowOnly(two, wanted);
    }
    int frames = 0;
    while (const auto stamp = first.Next()) {
      const auto other = second.Next();
      ASSERT_TRUE(other.has_value()) << file;
      EXPECT_EQ(stamp->index, other->index) << file;
      EXPECT_EQ(stamp->pts_seconds, other->pts_seconds) << file;
      const Orientation turn = {frames % 2 == 1, frames % 3 == 1, frames % 5 == 1};
      const VideoFrame a = first.Frame().Turned(turn), b = second.Frame().Turned(turn);
      ASSERT_EQ(a.size(), b.size()) << file;
      EXPECT_EQ(a.dynamic_range(), b.dynamic_range());
      EXPECT_TRUE(same(a.Picture(), b.Picture())) << file;
      EXPECT_TRUE(same(a.Shrunk(100), b.Shrunk(100))) << file;
      EXPECT_TRUE(same(a.Part({33, 17, 90, 101}), b.Part({33, 17, 90, 101}))) << file;
      ++frames;
    }
    EXPECT_FALSE(second.Next().has_value()) << file;
    EXPECT_GT(frames, 0) << file;
    EXPECT_EQ(first.damage(), second.damage()) << file;
  }
}

TEST(IsolationTest, WhatIsWrongWithAFileIsToldInTheSameWords) {
  const TemporaryFolder folder;
  WriteFile(folder / "text.mp4", "no video\n");
  WriteFile(folder / "empty.mp4", "");
  MediaLimits here;
  here.isolation = "none";
  for (const char* name : {"text.mp4", "empty.mp4", "absent.mp4"}) {
    const fs::path file = folder / name;
    EXPECT_EQ(CatchMessage([&] { ScanVideo(file); }), CatchMessage([&] { ScanVideo(file, here); }));
    EXPECT_EQ(CatchHint([&] { VideoReader reader(file); }),
              CatchHint([&] { VideoReader reader(file, here); }));
  }
}

}  // namespace
}  // namespace seam
