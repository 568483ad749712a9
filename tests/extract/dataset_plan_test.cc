#include "extract/dataset/dataset_plan.h"

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

using Counts = std::map<std::string, int>;

// "train fake Deepfakes": 4; of those left out, their status in place of a split.
Counts CountParts(const DatasetPlan& plan) {
  Counts counts;
  for (const Video& video : plan.videos) {
    ++counts[fmt::format("{} {} {}", video.status.empty() ? video.split : video.status,
                         video.label == FAKE ? "fake" : "real", video.method)];
  }
  return counts;
}

Video Find(const DatasetPlan& plan, const std::string& id) {
  for (const Video& video : plan.videos) {
    if (video.id == id) return video;
  }
  ADD_FAILURE() << id << " is not planned";
  return {};
}

class DatasetPlanTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_ / name).parent_path());
    WriteFile(folder_ / name, bytes);
  }
  void Add(const std::string& name) { Add(name, name); }
  PlanOptions Options(const std::string& input = "") const {
    PlanOptions options;
    options.input = input.empty() ? folder_.path().string() : input;
    return options;
  }
  TemporaryFolder folder_;
};

// Worked out from the clips' list and the official lists. DFD's five videos are divided by Seam.
TEST_F(DatasetPlanTest, RealFaceForensicsStandsInItsOfficialSplits) {
  SEAM_NEEDS_SHARED("data/clips/FaceForensics++");
  const std::string root = SharedPath("data/clips/FaceForensics++").string();
  const DatasetPlan plan = MakePlan(Options(root));
  EXPECT_EQ(plan.layout, "faceforensics++");
  EXPECT_EQ(plan.videos.size(), 74U);
  EXPECT_EQ(plan.facts.at("leaks"), false);
  PlanOptions without_dfd = Options(root);
  without_dfd.layout.methods = "Deepfakes,Face2Face,FaceSwap,FaceShifter,NeuralTextures";
  EXPECT_EQ(CountParts(MakePlan(without_dfd)), (Counts{{"train fake Deepfakes", 4},
                                                       {"train fake Face2Face", 4},
                                                       {"train fake FaceShifter", 2},
                                                       {"train fake FaceSwap", 4},
                                                       {"train fake NeuralTextures", 4},
                                                       {"train real ", 4},
                                                       {"val fake Deepfakes", 8},
                                                       {"val fake Face2Face", 8},
                                                       {"val fake FaceShifter", 4},
                                                       {"val fake FaceSwap", 8},
                                                       {"val fake NeuralTextures", 8},
                                                       {"val real ", 8},
                                                       {"test fake Deepfakes", 1},
                                                       {"test fake FaceSwap", 1},
                                                       {"test real ", 1}}));
}

// Six of the clips are in the test list. Four fakes share footage with a real one of these; of the fifth such
// real, the fake is in the list.
TEST_F(DatasetPlanTest, RealCelebDfLeavesOutWhatSharesFootageWithItsTestList) {
  SEAM_NEEDS_SHARED("data/clips/Celeb-DF-v2");
  const DatasetPlan plan = MakePlan(Options(SharedPath("data/clips/Celeb-DF-v2").string()));
  EXPECT_EQ(plan.layout, "celeb-df-v2");
  const Counts counts = CountParts(plan);
  EXPECT_EQ(plan.videos.size(), 24U);
  EXPECT_EQ(counts.at("test real "), 5);
  EXPECT_EQ(counts.at("test fake Celeb-synthesis"), 1);
  EXPECT_EQ(counts.at("official_overlap fake Celeb-synthesis"), 4);
  EXPECT_EQ(counts.count("official_overlap real "), 0U);
  EXPECT_EQ(counts.at("train real ") + counts.at("val real "), 8);
  EXPECT_EQ(counts.at("train fake Celeb-synthesis") + counts.at("val fake Celeb-synthesis"), 6);
  EXPECT_EQ(plan.facts.at("leaks"), false);
  EXPECT_EQ(plan.facts.at("official_overlap").at("videos"), 4);
}

TEST_F(DatasetPlanTest, RealDfdcIsLabelledByItsMetadata) {
  SEAM_NEEDS_SHARED("data/clips/DFDC");
  const DatasetPlan plan = MakePlan(Options(SharedPath("data/clips/DFDC").string()));
  EXPECT_EQ(plan.layout, "dfdc");
  ASSERT_EQ(plan.videos.size(), 3U);
  Counts labels;
  for (const Video& video : plan.videos) ++labels[video.label == FAKE ? "fake" : "real"];
  EXPECT_EQ(labels, (Counts{{"fake", 2}, {"real", 1}}));
  EXPECT_EQ(plan.videos[0].group, plan.videos[0].id) << "its original is not there";
}

class CelebDfPlanTest : public DatasetPlanTest {
 protected:
  CelebDfPlanTest() {
    std::string list;
    for (int i = 0; i < 20; ++i) {
      Add(fmt::format("Celeb-real/id{}_0000.mp4", i));
      for (int source = 0; source < 3; ++source)
        Add(fmt::format("Celeb-synthesis/id{}_id{}_0000.mp4", i, 20 + source));
      if (i < 5) list += fmt::format("0 Celeb-synthesis/id{}_id20_0000.mp4\n", i);
    }
    Add("List_of_testing_videos.txt", list);
  }
};

TEST_F(CelebDfPlanTest, WhatSharesFootageWithTheTestListIsLeftOutOfTrainAndVal) {
  const DatasetPlan plan = MakePlan(Options());
  Counts counts;
  for (const Video& video : plan.videos) {
    ++counts[video.status.empty() ? video.split : video.status];
    EXPECT_EQ(video.split.empty(), !video.status.empty()) << video.id;
  }
  EXPECT_EQ(counts.at("test"), 5);
  EXPECT_EQ(counts.at("official_overlap"), 15) << "the real and two other fakes of five footages";
  EXPECT_EQ(counts.at("train") + counts.at("val"), 60);
  EXPECT_EQ(plan.facts.at("leaks"), false);
  EXPECT_EQ(plan.facts.at("people_in_two_splits"), 3) << "the sources 20, 21 and 22";
  EXPECT_EQ(Find(plan, "Celeb-real/id0_0000.mp4").reason,
            "shares footage with Celeb-synthesis/id0_id20_0000.mp4 of the official test list");
}

TEST_F(CelebDfPlanTest, KeepingTheOverlapMarksTheDatasetAsLeaking) {
  PlanOptions options = Options();
  options.official_overlap = "keep";
  const DatasetPlan plan = MakePlan(options);
  for (const Video& video : plan.videos) EXPECT_EQ(video.status, "");
  EXPECT_EQ(plan.facts.at("leaks"), true);
  EXPECT_EQ(plan.facts.at("official_overlap").at("kept"), true);
}

TEST_F(CelebDfPlanTest, AFakeKnowsTheRealOfItsFootage) {
  const DatasetPlan plan = MakePlan(Options());
  EXPECT_EQ(Find(plan, "Celeb-synthesis/id7_id21_0000.mp4").real, "Celeb-real/id7_0000.mp4");
  EXPECT_EQ(Find(plan, "Celeb-real/id7_0000.mp4").real, "");
}

TEST_F(DatasetPlanTest, IdenticalFilesStayTogetherWhereSeamChoosesTheSplit) {
  for (int i = 0; i < 20; ++i) {
    Add(fmt::format("real/a{}.mp4", i), fmt::format("footage {}", i));
    Add(fmt::format("real/copy of {}.mp4", i), fmt::format("footage {}", i));
    Add(fmt::format("fake/f{}.mp4", i));
  }
  const DatasetPlan plan = MakePlan(Options());
  EXPECT_EQ(plan.facts.at("leaks"), false);
  std::map<std::string, std::string> splits;
  for (const Video& video : plan.videos) splits[video.id] = video.split;
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(splits[fmt::format("real/a{}.mp4", i)], splits[fmt::format("real/copy of {}.mp4", i)]);
}

TEST_F(DatasetPlanTest, IdenticalFilesInTwoGivenSplitsAreRefusedAndNamed) {
  Add("train/real/a.mp4", "one footage");
  Add("test/real/b.mp4", "one footage");
  testing::internal::CaptureStderr();
  const std::string message = CatchMessage([&] { MakePlan(Options()); });
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(message, folder_.path().string() + ": the splits leak in 1 place");
  EXPECT_NE(said.find("warning: identical files: test/real/b.mp4 in test, train/real/a.mp4 in train\n"),
            std::string::npos)
      << said;
  PlanOptions allowed = Options();
  allowed.allow_leak = true;
  EXPECT_EQ(MakePlan(allowed).facts.at("leaks"), true);
}

TEST_F(DatasetPlanTest, ASourceIdInTwoGivenSplitsIsRefusedAndNamed) {
  Add("a.mp4");
  Add("b.mp4");
  Add("labels.csv", "path,label,split,group\na.mp4,1,train,anna\nb.mp4,0,val,anna\n");
  testing::internal::CaptureStderr();
  EXPECT_NE(CatchMessage([&] { MakePlan(Options((folder_ / "labels.csv").string())); }), "");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("warning: source id group anna: a.mp4 in train, b.mp4 in val\n"), std::string::npos)
      << said;
}

TEST_F(DatasetPlanTest, TheSameBytesAsRealAndFakeAreTold) {
  Add("real/a.mp4", "one footage");
  Add("fake/b.mp4", "one footage");
  testing::internal::CaptureStderr();
  MakePlan(Options());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("identical files, but one is real and one is fake: fake/b.mp4, real/a.mp4"),
            std::string::npos)
      << said;
}

TEST_F(DatasetPlanTest, ADryRunSaysHowManyOfItsSampleFailed) {
  Add("real/a.mp4");
  Add("fake/b.mp4");
  const CommandResult result = RunCommand("seam-extract --input " + Quoted(folder_.path().string()) +
                                          " --dry-run --detector hog --quiet");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("measured on 2 videos, 2 of them unreadable or damaged\n"), std::string::npos)
      << result.out;
}

TEST_F(DatasetPlanTest, ADryRunCountsMeasuresAndWritesNothing) {
  SEAM_NEEDS_SHARED("data/clips/Celeb-DF-v2");
  const std::string line = "seam-extract --input " + Quoted(SharedPath("data/clips/Celeb-DF-v2").string()) +
                           " --output " + Quoted((folder_ / "out").string()) +
                           " --dry-run --detector hog --detect-size 320 --frames 1 --quiet";
  const CommandResult text = RunCommand(line);
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("\ntest   real  -"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("official_overlap"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("groups: 13, the largest of 2 videos"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("measured on 8 videos\n"), std::string::npos) << text.out;
  const auto json = nlohmann::json::parse(RunCommand(line + " --json").out);
  EXPECT_EQ(json.at("layout"), "celeb-df-v2");
  EXPECT_EQ(json.at("groups").at("count"), 13);
  EXPECT_GT(json.at("expected").at("bytes").get<double>(), 1000);
  EXPECT_GT(json.at("expected").at("seconds").get<double>(), 0);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace seam
