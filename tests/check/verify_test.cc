#include "check/verify.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/sha256.h"
#include "extract/dataset/dataset_folder.h"
#include "labels/manifest.h"
#include "proto/shard.h"
#include "scores/score_file.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "missing a.mp4" for each finding, in order.
std::vector<std::string> Told(const VerifyResult& result) {
  std::vector<std::string> told;
  for (const Finding& finding : result.findings) told.push_back(GetName(finding.kind) + " " + finding.file);
  return told;
}

// A dataset of two videos, with two clips each, made by the code that publishes datasets.
class ShardsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<ManifestRow> rows;
    for (const char* name : {"fake/a.mp4", "real/b.mp4"}) {
      ManifestRow& row = rows.emplace_back();
      row.video = name;
      row.label = std::string(name).substr(0, 4);
      row.split = "train";
      row.status = Status::kOk;
      row.clips = 2;
    }
    DatasetFolderOptions options;
    options.output = shards_.string();
    DatasetFolder dataset(options, {"plan", "digest", "dataset.json", {}});
    // One byte a shard: each clip gets a shard of its own.
    dataset.Publish(
        rows, 1,
        [&](std::size_t i, const DatasetFolder::TakeClip& take) {
          for (int k = 0; k < 2; ++k) {
            Clip clip;
            clip.set_video(rows[i].video);
            clip.set_split("train");
            clip.add_frames()->set_image(std::string(64, static_cast<char>('a' + k)));
            take(clip);
          }
        },
        nlohmann::json::object());
  }

  TemporaryFolder folder_;
  const fs::path shards_ = folder_ / "shards";
};

TEST_F(ShardsTest, WholeDatasetIsGood) {
  const VerifyResult result = VerifyShards(shards_);
  EXPECT_THAT(Told(result), IsEmpty());
  EXPECT_THAT(result.there,
              ElementsAre("4 shards with 4 whole clips", "5 files with the SHA-256 of the description",
                          "2 of 2 videos with the clips that the manifest says"));
  EXPECT_EQ(RunCommand("seam-verify " + Quoted(shards_.string())).status, 0);
}

TEST_F(ShardsTest, ShardThatIsGoneIsMissingWithItsClips) {
  fs::remove(shards_ / "train-00001-of-00004.tfrecord");
  EXPECT_THAT(Told(VerifyShards(shards_)),
              ElementsAre("missing train-00001-of-00004.tfrecord", "missing fake/a.mp4"));
  EXPECT_EQ(RunCommand("seam-verify " + Quoted(shards_.string())).status, 3);
}

TEST_F(ShardsTest, ChangedByteIsDamage) {
  const fs::path shard = shards_ / "train-00002-of-00004.tfrecord";
  std::string bytes = ReadFile(shard);
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(shard, bytes);
  const VerifyResult result = VerifyShards(shards_);
  EXPECT_THAT(Told(result), testing::Contains("damaged train-00002-of-00004.tfrecord"));
  EXPECT_THAT(Told(result), testing::Contains("missing real/b.mp4"));
}

TEST_F(ShardsTest, ManifestOfOtherBytesIsDamagedEvenWhereItReads) {
  std::string manifest = ReadFile(shards_ / "manifest.jsonl");
  manifest.replace(manifest.find("\"train\""), 7, "\"val\"  ");
  WriteFile(shards_ / "manifest.jsonl", manifest);
  EXPECT_THAT(Told(VerifyShards(shards_)), ElementsAre("damaged manifest.jsonl"));
}

TEST_F(ShardsTest, UnfinishedExtractionIsTold) {
  fs::create_directories(shards_ / ".work");
  WriteFile(shards_ / ".work" / "job", "x");
  EXPECT_THAT(Told(VerifyShards(shards_)), ElementsAre("missing dataset.json"));
}

TEST_F(ShardsTest, ShardThatNobodyNamesIsExtraAndHarmsNobody) {
  fs::copy(shards_ / "train-00000-of-00004.tfrecord", shards_ / "more.tfrecord");
  const VerifyResult result = VerifyShards(shards_);
  EXPECT_THAT(Told(result), ElementsAre("extra more.tfrecord"));
  EXPECT_TRUE(result.IsGood());
}

// A tree of videos, whose files hold nothing.
class TreeTest : public testing::Test {
 protected:
  void Make(const std::string& name, const std::string& text = "x") const {
    fs::create_directories((folder_ / name).parent_path());
    WriteFile(folder_ / name, text);
  }
  VerifyResult Run() const {
    VerifyOptions options;
    options.open = false;
    return Verify(folder_.path(), options);
  }
  TemporaryFolder folder_;
};

TEST_F(TreeTest, FaceForensicsListsTellWhatIsMissingAndExtra) {
  for (const char* split : {"train", "val", "test"})
    Make(std::string("splits/") + split + ".json",
         split == std::string("train") ? R"([["001","002"]])" : "[]");
  const std::string fakes = "manipulated_sequences/Deepfakes/c23/videos/",
                    reals = "original_sequences/youtube/c23/videos/";
  for (const std::string& name :
       {reals + "001.mp4", reals + "002.mp4", fakes + "001_002.mp4", fakes + "003_004.mp4"})
    Make(name);
  const VerifyResult result = Run();
  EXPECT_EQ(result.what, "tree of faceforensics++");
  EXPECT_THAT(Told(result), ElementsAre("missing manipulated_sequences/Deepfakes/c23/002_001",
                                        "extra manipulated_sequences/Deepfakes/c23/003_004"));
}

TEST_F(TreeTest, CelebDfTestListAndPublishedCountsAreCompared) {
  Make("List_of_testing_videos.txt", "1 Celeb-real/id0_0001.mp4\n0 Celeb-synthesis/id0_id1_0001.mp4\n");
  Make("Celeb-real/id0_0001.mp4");
  Make("Celeb-real/id0_0002.mp4");
  Make("Celeb-synthesis/id0_id2_0001.mp4");
  const VerifyResult result = Run();
  EXPECT_THAT(Told(result), ElementsAre("missing Celeb-synthesis/id0_id1_0001"));
  EXPECT_THAT(result.notes, testing::Contains("Celeb-real: 2 of the 158 published videos"));
}

TEST_F(TreeTest, DfdcMetadataNamesTheVideosOfItsFolder) {
  Make("part_0/metadata.json", R"({"a.mp4":{"label":"FAKE","original":"b.mp4"},"b.mp4":{"label":"REAL"}})");
  Make("part_0/a.mp4");
  Make("part_0/c.mp4");
  EXPECT_THAT(Told(Run()), ElementsAre("missing part_0/b", "extra part_0/c"));
}

TEST_F(TreeTest, Sha256SumsOfTheTreeAreChecked) {
  Make("real/a.mp4", "good");
  Make("fake/b.mp4", "bad");
  Make("SHA256SUMS", Sha256Of("good") + "  real/a.mp4\n" + Sha256Of("else") + " *fake/b.mp4\n" +
                         Sha256Of("") + "  real/gone.mp4\n");
  EXPECT_THAT(Told(Run()), ElementsAre("damaged fake/b.mp4", "missing real/gone.mp4"));
}

TEST_F(TreeTest, FileThatCannotBeOpenedIsDamaged) {
  Make("real/a.mp4", "no video at all");
  Make("fake/b.mp4", "no video at all");
  EXPECT_THAT(Told(Verify(folder_.path(), {})), ElementsAre("damaged fake/b.mp4", "damaged real/a.mp4"));
}

class WeightsTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const fs::path file_ = MakeCheckpoint(folder_ / "net.safetensors");
};

TEST_F(WeightsTest, DigestBesideItIsCompared) {
  const VerifyResult alone = Verify(file_, {});
  EXPECT_THAT(Told(alone), IsEmpty());
  EXPECT_THAT(alone.notes, ElementsAre(HasSubstr("no list of digests names it")));
  WriteFile(folder_ / "net.safetensors.sha256", Sha256OfFile(file_) + "  net.safetensors\n");
  EXPECT_THAT(Verify(file_, {}).notes, IsEmpty());
  WriteFile(folder_ / "net.safetensors.sha256", Sha256Of("another") + "  net.safetensors\n");
  EXPECT_THAT(Told(Verify(file_, {})), ElementsAre("damaged net.safetensors"));
}

TEST_F(WeightsTest, CutCheckpointIsDamaged) {
  fs::resize_file(file_, fs::file_size(file_) - 4);
  EXPECT_THAT(Told(Verify(file_, {})), ElementsAre("damaged net.safetensors"));
}

TEST_F(WeightsTest, AChangedWeightIsDamageByTheCheckpointsOwnDigest) {
  EXPECT_THAT(Verify(file_, {}).there, testing::Contains(HasSubstr("weights with the SHA-256")));
  std::string bytes = ReadFile(file_);
  bytes[bytes.size() - 1] ^= 1;
  WriteFile(file_, bytes);
  EXPECT_THAT(Told(Verify(file_, {})), ElementsAre("damaged net.safetensors"));
}

TEST_F(WeightsTest, FileByTheNameOfPublicWeightsMustBeThem) {
  WriteFile(folder_ / "retinaface.onnx", "another network");
  EXPECT_THAT(Told(Verify(folder_ / "retinaface.onnx", {})), ElementsAre("changed retinaface.onnx"));
}

TEST(ScoresTest, AChangedScoreIsDamage) {
  const TemporaryFolder folder;
  ScoreRow row;
  row.path = (folder / "a.mp4").string();
  row.status = Status::kOk;
  row.score = 0.25;
  WriteFile(folder / "a.mp4", "x");
  const fs::path scores = folder / "scores.csv", model = MakeCheckpoint(folder / "net.safetensors");
  WriteFile(scores, ScoreFileHeader() + ScoreFileLine(row));
  const nlohmann::json record = {
      {"model", model.string()}, {"model_sha256", Sha256OfFile(model)}, {"sha256", Sha256OfFile(scores)}};
  WriteFile(folder / "scores.csv.run.json", record.dump());
  EXPECT_THAT(Told(Verify(scores, {})), IsEmpty());
  row.score = 0.26;
  WriteFile(scores, ScoreFileHeader() + ScoreFileLine(row));
  EXPECT_THAT(Told(Verify(scores, {})), ElementsAre("damaged " + scores.string()));
}

TEST(ScoresTest, FilesThatAreGoneAndAnotherNetworkAreTold) {
  const TemporaryFolder folder;
  std::string text = ScoreFileHeader();
  for (const char* name : {"a.mp4", "gone.mp4"}) {
    ScoreRow row;
    row.path = (folder / name).string();
    row.status = Status::kOk;
    row.score = 0.25;
    text += ScoreFileLine(row);
  }
  WriteFile(folder / "a.mp4", "x");
  const fs::path model = MakeCheckpoint(folder / "net.safetensors");
  WriteFile(folder / "scores.csv", text);
  const nlohmann::json record = {{"model", model.string()}, {"model_sha256", Sha256OfFile(model)}};
  WriteFile(folder / "scores.csv.run.json", record.dump());
  EXPECT_THAT(Told(Verify(folder / "scores.csv", {})),
              ElementsAre("missing " + (folder / "gone.mp4").string()));
  WriteFile(model, "another");
  EXPECT_THAT(Told(Verify(folder / "scores.csv", {})),
              ElementsAre("missing " + (folder / "gone.mp4").string(), "changed " + model.string()));
}

TEST(VerifyTest, WhatIsNothingOfSeamsIsAnError) {
  const TemporaryFolder folder;
  WriteFile(folder / "a.txt", "x");
  EXPECT_THAT(CatchMessage([&] { Verify(folder / "a.txt", {}); }),
              HasSubstr("is nothing that can be verified"));
  EXPECT_THAT(CatchMessage([&] { Verify(folder / "absent", {}); }), HasSubstr("no such file or folder"));
}

}  // namespace
}  // namespace seam
