// `seam extract --shard I/N` and `seam extract merge`.

#include <map>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> CollectFiles(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = ReadFile(entry.path());
  }
  return files;
}

// Seven videos, one of them none, and their parts in three.
class MergeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SEAM_NEEDS_DEMO_CLIP();
    VideoReader demo(DemoClip());
    demo.Next();
    MadeVideo video;
    cv::Mat& picture = video.pictures.emplace_back();
    cv::resize(demo.Frame().Picture(), picture, cv::Size(400, 300), 0, 0, cv::INTER_AREA);
    for (const char* name :
         {"real/a.mp4", "real/b.mp4", "real/c.mp4", "fake/x/d.mp4", "fake/x/e.mp4", "fake/y/f.mp4"}) {
      picture += cv::Scalar(1, 1, 1);  // no two files are the same
      fs::create_directories((folder_ / "in" / name).parent_path());
      Write(video, folder_ / "in" / name);
    }
    WriteFile(folder_ / "in/fake/x/none.mp4", "no video");
  }

  CommandResult Extract(const std::string& output, const std::string& options = "") const {
    return RunCommand("seam-extract --detector hog --detect-size 400 --split 0.5,0.5,0 --size 128 --input " +
                      Quoted((folder_ / "in").string()) + " --output " + Path(output) + " " + options);
  }
  void ExtractParts() const {
    for (const char* part : {"1", "2", "3"}) {
      const int status = Extract(std::string("p") + part, std::string("--shard ") + part + "/3").status;
      EXPECT_TRUE(status == 0 || status == 3) << status;
    }
  }
  CommandResult Merge(const std::vector<std::string>& parts, const std::string& options = "") const {
    std::string line = "seam-extract merge --output " + Path("merged") + " " + options;
    for (const std::string& part : parts) line += " " + Path(part);
    return RunCommand(line);
  }
  // That merging fails with these words, and writes nothing.
  void ExpectRefused(const std::vector<std::string>& parts, const std::string& words) const {
    const CommandResult result = Merge(parts);
    EXPECT_EQ(result.status, 1) << words;
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("seam;"), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "merged/dataset.json"));
  }
  std::string Path(const std::string& name) const { return Quoted((folder_ / name).string()); }

  TemporaryFolder folder_;
};

TEST_F(MergeTest, PartsMakeTheBytesOfASingleRun) {
  ASSERT_EQ(Extract("whole").status, 3);
  ExtractParts();
  EXPECT_FALSE(fs::exists(folder_ / "p1/dataset.json"));
  EXPECT_EQ(Merge({"p3", "p1", "p2"}).status, 0);
  EXPECT_EQ(CollectFiles(folder_ / "merged"), CollectFiles(folder_ / "whole"));

  const CommandResult again = Merge({"p1", "p2", "p3"});
  EXPECT_EQ(again.status, 1);
  EXPECT_NE(again.err.find("already holds a dataset\nhint: --overwrite"), std::string::npos) << again.err;
  const CommandResult resumed = Merge({"p1", "p2", "p3"}, "--resume");
  EXPECT_EQ(resumed.status, 0);
  EXPECT_NE(resumed.err.find("is complete, nothing is left to do"), std::string::npos) << resumed.err;
  EXPECT_EQ(Merge({"p1", "p2", "p3"}, "--overwrite").status, 0);
  EXPECT_EQ(CollectFiles(folder_ / "merged"), CollectFiles(folder_ / "whole"));
}

TEST_F(MergeTest, PartsOfAJobArrayAndMorePartsThanVideosDoAsWell) {
  ASSERT_EQ(Extract("whole").status, 3);
  std::vector<std::string> parts;
  for (int i = 0; i < 8; ++i) {
    parts.push_back("p" + std::to_string(i));
    const CommandResult part =
        RunCommand("JOB_COMPLETION_INDEX=" + std::to_string(i) +
                   " seam-extract --detector hog --detect-size 400 --split 0.5,0.5,0 --size 128 --input " +
                   Path("in") + " --output " + Path(parts.back()) + " --shard auto/8");
    EXPECT_TRUE(part.status == 0 || part.status == 3) << part.err;
  }
  EXPECT_EQ(Merge(parts).status, 0);
  EXPECT_EQ(CollectFiles(folder_ / "merged"), CollectFiles(folder_ / "whole"));
}

TEST_F(MergeTest, AMergeThatWasKilledIsResumed) {
  ASSERT_EQ(Extract("whole").status, 3);
  ExtractParts();
  // A folder in the place of the last file: it ends where a killed one may.
  fs::create_directories(folder_.path() / "merged/dataset.json/x");
  EXPECT_EQ(Merge({"p1", "p2", "p3"}, "--overwrite").status, 1);
  fs::remove_all(folder_.path() / "merged/dataset.json");
  WriteFile(folder_ / "merged/train-00000.4711.part", "half of a shard");
  WriteFile(folder_ / "merged/dataset.json.4711.tmp", "half of a descri");
  const CommandResult refused = Merge({"p1", "p2", "p3"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("that was stopped\nhint: --resume"), std::string::npos) << refused.err;
  EXPECT_EQ(Merge({"p1", "p2", "p3"}, "--resume").status, 0);
  EXPECT_EQ(CollectFiles(folder_ / "merged"), CollectFiles(folder_ / "whole"));
}

TEST_F(MergeTest, WhatDoesNotMakeTheWholeIsRefusedByName) {
  ExtractParts();
  ASSERT_EQ(Extract("other", "--shard 2/3 --margin 0.5").status, 0);
  ASSERT_EQ(Extract("half", "--shard 2/2").status % 3, 0);
  const auto path = [&](const char* name) { return (folder_ / name).string(); };
  ExpectRefused({"p1", "p3"}, "of 3 parts 1 is missing: 2");
  ExpectRefused({"p2"}, "of 3 parts 2 are missing: 1, 3");
  ExpectRefused({"p1", "p2", "p3", "p2"}, path("p2") + ": is part 2 of 3, and so is " + path("p2"));
  ExpectRefused({"p1", "other", "p3"}, path("other") + ": is of another extraction than " + path("p1") +
                                           ": margin is 0.3 there and 0.5 here");
  ExpectRefused({"p1", "half", "p3"}, path("half") + ": is part 2 of 2, but " + path("p1") + " is one of 3");
  ExpectRefused({"p1", "in", "p3"}, path("in") + ": is not a part of an extraction");
  ExpectRefused({"p1", "nowhere", "p3"}, path("nowhere") + ": is not a folder");
  EXPECT_EQ(RunCommand("seam-extract merge --output " + Path("merged")).status, 2);
  EXPECT_EQ(RunCommand("seam-extract merge --output " + Path("p1") + " " + Path("p1")).status, 1);

  fs::create_directories(folder_ / "p2/.work");
  WriteFile(folder_ / "p2/.work/job", "");
  ExpectRefused({"p1", "p2", "p3"}, path("p2") + ": its extraction has not ended");
}

TEST_F(MergeTest, APartThatIsDamagedIsRefusedByName) {
  ExtractParts();
  const auto files = CollectFiles(folder_ / "p1");
  const auto restore = [&] {
    for (const auto& [name, bytes] : files) WriteFile(folder_ / "p1" / name, bytes);
  };
  const std::string p1 = (folder_ / "p1").string();
  const std::string manifest = files.at("manifest.jsonl");
  WriteFile(folder_ / "p1/manifest.jsonl", manifest.substr(manifest.find('\n') + 1));
  ExpectRefused({"p1", "p2", "p3"}, p1 + ": its manifest is not the one that part.json counts");
  restore();
  std::string twice = manifest;
  twice.replace(twice.find("\"clips\":1"), 9, "\"clips\":2");
  WriteFile(folder_ / "p1/manifest.jsonl", twice);
  ExpectRefused({"p1", "p2", "p3"}, p1 + ": its manifest is not the one that part.json counts");
  restore();
  for (const char* json :
       {"", "[]", "{}", "{\"part\": 3}", "{\"part\": {\"index\": \"1\", \"count\": -2}}"}) {
    WriteFile(folder_ / "p1/part.json", json);
    ExpectRefused({"p1", "p2", "p3"}, p1 + ": is not a part of an extraction");
  }
  restore();
  for (const auto& [name, bytes] : files) {
    if (!name.ends_with(".tfrecord")) continue;
    WriteFile(folder_ / "p1" / name, bytes.substr(0, bytes.size() / 2));
    ExpectRefused({"p1", "p2", "p3"}, (folder_ / "p1" / name).string() + ": truncated record");
    fs::remove(folder_.path() / "merged/.work/job");
    restore();
  }
}

}  // namespace
}  // namespace seam
