#include "infer/engine.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/files.h"
#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Clock = CancelSource::Clock;

class EngineTest : public testing::Test {
 protected:
  // A request as a server would make it.
  ScoreRequest Prepare(const std::filesystem::path& model, const std::vector<std::string>& arguments = {}) {
    Options options("test", "", "", "");
    InferSettings settings;
    settings.Register(&options);
    EXPECT_TRUE(options.Parse(arguments));
    settings.model = model.string();
    return engine_.Prepare(settings, options);
  }

  static void AddVideos(int count, ScoreRequest* request) {
    for (int i = 0; i < count; ++i) request->inputs.emplace_back().path = DemoClip().string();
  }

  // The numbers that `seam infer` tells of the demo clip.
  nlohmann::json Told(const std::filesystem::path& model) const {
    const std::filesystem::path file = folder_ / (model.stem().string() + ".jsonl");
    const CommandResult result =
        RunCommand("seam-infer " + Quoted(DemoClip().string()) + " --quiet --frames 8 --model " +
                   Quoted(model.string()) + " --jsonl " + Quoted(file.string()));
    EXPECT_EQ(result.status, 0) << result.err;
    return nlohmann::json::parse(ReadFile(file));
  }

  TemporaryFolder folder_;
  Engine engine_{{}, Parts()};
};

TEST_F(EngineTest, RequestsSideBySideScoreAsSeamInferDoesWhileOthersEndEarly) {
  SEAM_NEEDS_DEMO_CLIP();
  const auto one = MakeCheckpoint(folder_ / "one.safetensors", TestCheckpoint{.seed = 3});
  const auto other = MakeCheckpoint(folder_ / "other.safetensors", TestCheckpoint{.seed = 5});
  constexpr int kVideos = 3, kMany = 200;

  std::map<std::string, std::vector<ScoreRow>> rows;  // by request
  std::map<std::string, CancelReason> ends;
  const CancelSource server, cancelled(server.token());
  const auto serve = [&](const std::string& name, ScoreRequest request, int videos, CancelToken token,
                         bool cancel_after_first) {
    AddVideos(videos, &request);
    auto& own = rows[name];
    auto& end = ends[name];
    return std::thread([&, request = std::move(request), token = std::move(token), cancel_after_first] {
      end = engine_.Score(request, token, [&](std::size_t, const VideoResult& result) {
        own.push_back(result.row);
        if (cancel_after_first) cancelled.Cancel();
      });
    });
  };
  const std::vector<std::string> few = {"--frames=8", "--jobs=2"};
  std::vector<std::thread> threads;
  threads.push_back(serve("one", Prepare(one, few), kVideos, server.token(), false));
  threads.push_back(serve("other", Prepare(other, few), kVideos, server.token(), false));
  threads.push_back(serve("cancelled", Prepare(one, few), kMany, cancelled.token(), true));
  const CancelSource late(server.token(), Clock::now() - std::chrono::seconds(1));
  threads.push_back(serve("late", Prepare(other, few), kMany, late.token(), false));
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ends["one"], CancelReason::kNone);
  EXPECT_EQ(ends["other"], CancelReason::kNone);
  EXPECT_EQ(ends["cancelled"], CancelReason::kCancelled);
  EXPECT_GE(rows["cancelled"].size(), 1U);
  EXPECT_LT(rows["cancelled"].size(), static_cast<std::size_t>(kMany));
  EXPECT_EQ(ends["late"], CancelReason::kDeadline);
  EXPECT_TRUE(rows["late"].empty());
  for (const auto& [name, model] : {std::pair("one", one), std::pair("other", other)}) {
    const nlohmann::json told = Told(model);
    ASSERT_EQ(rows[name].size(), static_cast<std::size_t>(kVideos));
    for (const ScoreRow& row : rows[name]) EXPECT_EQ(nlohmann::json(*row.score), told["score"]) << name;
  }
  EXPECT_NE(*rows["one"][0].score, *rows["other"][0].score);
  for (const ScoreRow& row : rows["cancelled"]) EXPECT_EQ(*row.score, *rows["one"][0].score);
}

TEST_F(EngineTest, DeadlineEndsARequestInItsMiddle) {
  SEAM_NEEDS_DEMO_CLIP();
  auto request = Prepare(MakeCheckpoint(folder_ / "m.safetensors"), {"--frames=8"});
  AddVideos(10'000, &request);
  const CancelSource source({}, Clock::now() + std::chrono::seconds(2));
  std::size_t told = 0;
  EXPECT_EQ(engine_.Score(request, source.token(), [&](std::size_t, const VideoResult&) { ++told; }),
            CancelReason::kDeadline);
  EXPECT_LT(told, request.inputs.size());
}

TEST_F(EngineTest, NetworksAndDetectorsAreLoadedOnce) {
  const auto model = MakeCheckpoint(folder_ / "m.safetensors");
  EXPECT_EQ(engine_.Network(model), engine_.Network(model));
  DetectorOptions hog;
  hog.detector = "hog";
  DetectorOptions smaller = hog;
  smaller.detect_size = 200;
  EXPECT_EQ(engine_.Faces(hog), engine_.Faces(hog));
  EXPECT_NE(engine_.Faces(hog), engine_.Faces(smaller));
}

TEST_F(EngineTest, WhatOneRequestThrowsLeavesTheEngineGood) {
  SEAM_NEEDS_DEMO_CLIP();
  EXPECT_THAT(CatchMessage([&] { engine_.Network(folder_ / "none.safetensors"); }),
              testing::HasSubstr("none.safetensors"));
  EXPECT_THAT(
      CatchMessage([&] { Prepare(MakeCheckpoint(folder_ / "m.safetensors"), {"--window-stride=2"}); }),
      testing::HasSubstr("--window"));
  auto request = Prepare(folder_ / "m.safetensors", {"--frames=4"});
  AddVideos(2, &request);
  EXPECT_THROW(
      engine_.Score(request, {}, [](std::size_t, const VideoResult&) { throw std::runtime_error("client"); }),
      std::runtime_error);
  std::size_t told = 0;
  EXPECT_EQ(engine_.Score(request, {}, [&](std::size_t, const VideoResult&) { ++told; }),
            CancelReason::kNone);
  EXPECT_EQ(told, 2U);
}

}  // namespace
}  // namespace seam
