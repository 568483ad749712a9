#include "extract/dataset/export.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "labels/layout.h"
#include "proto/picture.h"
#include "proto/sequence_example.pb.h"
#include "proto/shard.h"
#include "proto/tfrecord.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// A dataset of two videos of `frames` frames a clip: a fake in train, a real in test.
class ExportTest : public testing::Test {
 protected:
  void MakeShards(int frames) {
    for (const bool fake : {true, false}) {
      const std::string split = fake ? "train" : "test";
      ShardWriter writer(shards_, split, 1 << 20);
      for (int k = 0; k < 3; ++k) {
        Clip clip;
        clip.set_video(fake ? "fake/a.b.mp4" : "real/c.mp4");
        clip.set_dataset("folder");
        clip.set_label(fake ? FAKE : REAL);
        clip.set_split(split);
        clip.mutable_crop()->set_size(16);
        clip.mutable_crop()->set_encoding("jpeg");
        clip.mutable_crop()->set_quality(95);
        for (int i = 0; i < frames; ++i) {
          Frame* frame = clip.add_frames();
          frame->set_index(static_cast<std::uint32_t>(10 * k + i));
          frame->set_pts_seconds(k + 0.25 * i);
          const std::string pixels(16 * 16 * 3, static_cast<char>(40 * k + (fake ? 20 : 0)));
          frame->set_image(
              EncodePicture(reinterpret_cast<const std::uint8_t*>(pixels.data()), 16 * 3, clip.crop()));
        }
        writer.Add(clip);
      }
      writer.Finish();
    }
  }

  ExportCount Export(const std::string& format, int samples = 1000) const {
    ExportOptions options;
    options.format = format;
    options.output = out_.string();
    options.samples = samples;
    options.name = "Mine";
    return ExportDataset(shards_, options);
  }

  void SetUp() override { fs::create_directories(shards_); }

  TemporaryFolder folder_;
  const fs::path shards_ = folder_ / "shards", out_ = folder_ / "out";
};

// As WebDataset does: members with the same name up to the first dot of the file's name are one sample, and
// follow one another.
std::vector<std::map<std::string, std::string>> ReadSamples(const fs::path& tar) {
  const TemporaryFolder folder;
  const auto listed = RunCommand("tar -tf " + Quoted(tar.string()));
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_EQ(RunCommand("tar -xf " + Quoted(tar.string()) + " -C " + Quoted(folder.path().string())).status,
            0);
  std::vector<std::map<std::string, std::string>> samples;
  std::string last;
  std::istringstream lines(listed.out);
  for (std::string name; std::getline(lines, name);) {
    const std::string key = name.substr(0, name.find('.'));
    if (samples.empty() || key != last) samples.emplace_back();
    last = key;
    samples.back()[name.substr(key.size() + 1)] = ReadFile(folder / name);
  }
  return samples;
}

TEST_F(ExportTest, WebDatasetReadersFindPicturesLabelsAndFacts) {
  MakeShards(1);
  const ExportCount count = Export("webdataset", 2);
  EXPECT_EQ(count.clips, 6);
  EXPECT_EQ(count.files, 4);
  const auto samples = ReadSamples(out_ / "train-000000.tar");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(ReadSamples(out_ / "train-000001.tar").size(), 1u);
  EXPECT_EQ(samples[0].size(), 3u);
  EXPECT_EQ(samples[0].at("cls"), "1");
  EXPECT_EQ(ReadSamples(out_ / "test-000000.tar")[0].at("cls"), "0");
  const Clip clip = ShardReader(FindShards(shards_, "train")[0]).Read(1);
  EXPECT_EQ(samples[1].at("jpg"), clip.frames(0).image());
  EXPECT_EQ(nlohmann::json::parse(samples[1].at("json"))["video"], "fake/a.b.mp4");
}

TEST_F(ExportTest, FramesOfAWindowAreOneSample) {
  MakeShards(3);
  Export("webdataset");
  const auto samples = ReadSamples(out_ / "train-000000.tar");
  ASSERT_EQ(samples.size(), 3u);
  for (const char* part : {"00.jpg", "01.jpg", "02.jpg"}) EXPECT_EQ(samples[0].count(part), 1u) << part;
}

TEST_F(ExportTest, MediaSequenceHasItsKeysAndEveryFrame) {
  MakeShards(3);
  Export("mediasequence");
  const std::string bytes = ReadFile(out_ / "train-000000.tfrecord");
  std::size_t at = 0, records = 0;
  while (at < bytes.size()) {
    const std::string_view left = std::string_view(bytes).substr(at);
    const std::uint64_t length = LoadLittle64(left);
    const std::string_view record = left.substr(kRecordHeaderBytes, length);
    ASSERT_EQ(LoadLittle32(left.substr(8)), MaskedCrc32c(left.substr(0, 8)));
    ASSERT_EQ(LoadLittle32(left.substr(kRecordHeaderBytes + length)), MaskedCrc32c(record));
    interchange::SequenceExample example;
    ASSERT_TRUE(example.ParseFromArray(record.data(), static_cast<int>(record.size())));
    const auto& context = example.context().feature();
    EXPECT_EQ(context.at("clip/label/index").int64_list().value(0), 1);
    EXPECT_EQ(context.at("clip/label/string").bytes_list().value(0), "fake");
    EXPECT_EQ(context.at("image/format").bytes_list().value(0), "JPEG");
    EXPECT_EQ(context.at("image/width").int64_list().value(0), 16);
    const auto& lists = example.feature_lists().feature_list();
    ASSERT_EQ(lists.at("image/encoded").feature_size(), 3);
    // Microseconds, one for each picture, in order.
    EXPECT_EQ(lists.at("image/timestamp").feature(1).int64_list().value(0),
              1'000'000 * static_cast<int>(records) + 250'000);
    EXPECT_THAT(lists.at("image/encoded").feature(0).bytes_list().value(0), testing::StartsWith("\xff\xd8"));
    at += kRecordHeaderBytes + length + kRecordFooterBytes;
    ++records;
  }
  EXPECT_EQ(records, 3u);
}

// As DeepfakeBench's abstract dataset does it: dataset, label, split, video; then the frames, sorted by their
// numbers, from the folder that the benchmark runs in.
TEST_F(ExportTest, BenchmarkFindsEveryFrameOfItsJson) {
  MakeShards(2);
  Export("frames");
  const auto json = nlohmann::json::parse(ReadFile(out_ / "Mine.json"))["Mine"];
  std::size_t frames = 0;
  for (const char* split : {"train", "val", "test"}) {
    for (const auto& [label, of_splits] : json.items()) {
      for (const auto& [video, said] : of_splits.at(split).items()) {
        EXPECT_EQ(said.at("label"), label);
        for (const auto& path : said.at("frames")) {
          const fs::path file = path.get<std::string>();
          EXPECT_EQ(file.extension(), ".png");
          EXPECT_EQ(file.parent_path().filename(), video);
          EXPECT_EQ(file.stem().string().find_first_not_of("0123456789"), std::string::npos);
          const cv::Mat picture = cv::imread((out_ / file).string(), cv::IMREAD_COLOR);
          EXPECT_EQ(picture.size(), cv::Size(16, 16)) << file;
          ++frames;
        }
      }
    }
  }
  EXPECT_EQ(frames, 12u);
  EXPECT_EQ(json["Mine_Fake"]["train"].size(), 1u);
  EXPECT_EQ(json["Mine_Real"]["test"].begin().value()["frames"][0], "frames/Mine_Real/real_c_mp4/000000.png");
}

TEST_F(ExportTest, FoldersComeBackAsADatasetOfLists) {
  MakeShards(2);
  Export("folders");
  EXPECT_EQ(ReadFile(out_ / "train/fake_a_b_mp4__000010.txt"), "1\n");
  EXPECT_EQ(ReadFile(out_ / "train/fake_a_b_mp4__000010.jpg"),
            ShardReader(FindShards(shards_, "train")[0]).Read(1).frames(0).image());
  EXPECT_TRUE(fs::is_directory(out_ / "validation"));
  const LayoutOptions options;
  const DatasetLayout& layout = ChooseLayout(options, out_);
  EXPECT_EQ(layout.name, "list");
  const Listing listing = ListDataset(layout, options, out_);
  ASSERT_EQ(listing.videos.size(), 12u);
  EXPECT_TRUE(listing.warnings.empty());
  for (const Video& video : listing.videos) {
    EXPECT_EQ(video.label, video.split == "train" ? FAKE : REAL);
    EXPECT_THAT(video.keys, ElementsAre(video.split == "train" ? "fake_a_b_mp4" : "real_c_mp4"));
  }
}

TEST_F(ExportTest, UnderSampledListsHoldAsManyOfEitherClass) {
  ShardWriter writer(shards_, "train", 1 << 20);
  for (int k = 0; k < 10; ++k) {
    Clip clip;
    clip.set_video(k < 3 ? "r.mp4" : k < 6 ? "f.mp4" : "g.mp4");
    clip.set_label(k < 3 ? REAL : FAKE);
    clip.set_split("train");
    clip.mutable_crop()->set_encoding("png");
    clip.add_frames()->set_index(static_cast<std::uint32_t>(k));
    writer.Add(clip);
  }
  writer.Finish();
  ExportOptions options;
  options.format = "folders";
  options.output = out_.string();
  options.under_sample = true;
  ExportDataset(shards_, options);
  // Three of each; the fakes lie evenly among both videos.
  EXPECT_EQ(ReadFile(out_ / "train.txt"),
            "train/f_mp4__000003.png 1\ntrain/f_mp4__000005.png 1\ntrain/g_mp4__000007.png 1\n"
            "train/r_mp4__000000.png 0\ntrain/r_mp4__000001.png 0\ntrain/r_mp4__000002.png 0\n");
  EXPECT_TRUE(fs::exists(out_ / "train/g_mp4__000009.png"));
}

TEST_F(ExportTest, AClassAloneCannotBeUnderSampled) {
  MakeShards(1);
  ExportOptions options;
  options.format = "folders";
  options.output = out_.string();
  options.under_sample = true;
  EXPECT_THAT(CatchMessage([&] { ExportDataset(shards_, options); }),
              HasSubstr("out: test has pictures of one class alone"));
  EXPECT_FALSE(fs::exists(out_));
  options.format = "frames";
  EXPECT_THAT(CatchMessage([&] { options.Check(); }), HasSubstr("belongs to --format folders"));
}

TEST_F(ExportTest, DamageLeavesNothingBehind) {
  MakeShards(1);
  const fs::path shard = FindShards(shards_, "train")[0];
  std::string bytes = ReadFile(shard);
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(shard, bytes);
  EXPECT_THAT(CatchMessage([&] { Export("webdataset"); }), HasSubstr("train-00000"));
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_FALSE(fs::exists(folder_ / "out.part"));
}

TEST_F(ExportTest, FolderThatHoldsSomethingIsLeftAlone) {
  MakeShards(1);
  fs::create_directories(out_);
  WriteFile(out_ / "mine", "x");
  EXPECT_THAT(CatchMessage([&] { Export("webdataset"); }), HasSubstr("is not empty"));
  EXPECT_EQ(ReadFile(out_ / "mine"), "x");
}

}  // namespace
}  // namespace seam
