#include "proto/shard.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "proto/tfrecord.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

Clip MakeClip(int number, std::size_t image_bytes = 40) {
  Clip clip;
  clip.set_video(fmt::format("fake/{}.mp4", number));
  clip.set_label(FAKE);
  clip.set_split("train");
  Frame* frame = clip.add_frames();
  frame->set_image(std::string(image_bytes, static_cast<char>(number)));
  frame->set_pts_seconds(number / 25.0);
  return clip;
}

std::vector<fs::path> WriteClips(const fs::path& folder, int count, std::uint64_t shard_bytes = 1 << 30) {
  ShardWriter writer(folder, "train", shard_bytes);
  for (int i = 0; i < count; ++i) writer.Add(MakeClip(i));
  return writer.Finish();
}

std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// Opens the shard and reads every clip.
void ReadAll(const fs::path& path) {
  const ShardReader reader(path);
  for (std::size_t i = 0; i < reader.size(); ++i) reader.Read(i);
}

// A file of one record, whole in its framing.
fs::path WriteRecord(const TemporaryFolder& folder, const std::string& payload) {
  WriteFile(folder / "x.tfrecord", FrameRecord(payload));
  return folder / "x.tfrecord";
}

TEST(ShardTest, ClipsComeBackInOrderFromSeveralShards) {
  const TemporaryFolder folder;
  const auto paths = WriteClips(folder.path(), 10, 250);
  ASSERT_GT(paths.size(), 2U);
  EXPECT_EQ(FindShards(folder.path(), "train"), paths);
  int number = 0;
  for (const auto& path : paths) {
    const ShardReader reader(path);
    for (std::size_t i = 0; i < reader.size(); ++i) {
      const Clip clip = reader.Read(i), expected = MakeClip(number++);
      EXPECT_EQ(clip.video(), expected.video());
      EXPECT_EQ(clip.label(), FAKE);
      EXPECT_EQ(clip.format_version(), kClipFormatVersion);
      EXPECT_EQ(clip.last_of_shard(), i + 1 == reader.size());
      ASSERT_EQ(clip.frames_size(), 1);
      EXPECT_EQ(clip.frames(0).SerializeAsString(), expected.frames(0).SerializeAsString());
    }
  }
  EXPECT_EQ(number, 10);
}

TEST(ShardWriterTest, StartsANewShardWhenTheLastIsFull) {
  const TemporaryFolder folder;
  const auto paths = WriteClips(folder.path(), 9, 250);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(paths[i].filename(), fmt::format("train-{:05}-of-{:05}.tfrecord", i, paths.size()));
    EXPECT_TRUE(i + 1 == paths.size() || fs::file_size(paths[i]) >= 250U);
    EXPECT_LT(fs::file_size(paths[i]), 250U + 100U);
  }
}

TEST(ShardWriterTest, ARecordHasTheBytesOfTheFormat) {
  const TemporaryFolder folder;
  ShardWriter writer(folder.path(), "val", 1000);
  Clip clip;
  clip.set_video("a");
  clip.set_label(FAKE);
  writer.Add(clip);
  // As docs/shards.md draws them; the checksums were worked out in another language.
  using std::string_literals::operator""s;
  EXPECT_EQ(ReadFile(writer.Finish().at(0)), "\x09\0\0\0\0\0\0\0"s + "\x37\xf9\x71\x39" +
                                                 "\x08\x01\x12\x01\x61\x28\x01\x58\x01" + "\x1c\x98\x0c\xbd");
}

TEST(ShardWriterTest, WritesTheSameBytesTwice) {
  const TemporaryFolder a, b;
  const auto first = WriteClips(a.path(), 20, 300), second = WriteClips(b.path(), 20, 300);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(ReadFile(first[i]), ReadFile(second[i]));
}

TEST(ShardWriterTest, LeavesNothingWithoutFinish) {
  const TemporaryFolder folder;
  {
    ShardWriter writer(folder.path(), "train", 100);
    for (int i = 0; i < 5; ++i) writer.Add(MakeClip(i));
    for (const auto& name : NamesIn(folder.path())) EXPECT_FALSE(name.ends_with(".tfrecord")) << name;
  }
  EXPECT_TRUE(NamesIn(folder.path()).empty());
}

TEST(ShardWriterTest, WritesNoShardWithoutClips) {
  const TemporaryFolder folder;
  EXPECT_TRUE(WriteClips(folder.path(), 0).empty());
  EXPECT_TRUE(NamesIn(folder.path()).empty());
}

TEST(ShardWriterTest, IsNotDisturbedByWhatAKilledRunLeft) {
  const TemporaryFolder folder;
  WriteFile(folder / "train-00000.1.part", "half a shard");
  WriteFile(folder / fmt::format("train-00000.{}.part", getpid()), "half a shard of our own number");
  WriteFile(folder / fmt::format("train-00000.{0}.part.{0}.tmp", getpid()), "and the one being written");
  const auto paths = WriteClips(folder.path(), 3);
  EXPECT_EQ(FindShards(folder.path(), "train"), paths);
  EXPECT_EQ(ShardReader(paths.at(0)).size(), 3U);
  EXPECT_EQ(NamesIn(folder.path()),
            (std::vector<std::string>{"train-00000-of-00001.tfrecord", "train-00000.1.part"}));
}

TEST(ShardWriterTest, AFolderThatIsMissingIsNamed) {
  const TemporaryFolder folder;
  const auto message = CatchMessage([&] { WriteClips(folder / "missing", 1); });
  EXPECT_TRUE(message.starts_with((folder / "missing" / "train-00000").string())) << message;
  EXPECT_TRUE(message.ends_with("cannot be written: No such file or directory")) << message;
}

TEST(ShardWriterTest, ATextThatIsNotUtf8IsAnError) {
  const TemporaryFolder folder;
  ShardWriter writer(folder.path(), "train", 100);
  Clip clip = MakeClip(1);
  clip.set_method("\xff");
  EXPECT_NE(CatchMessage([&] { writer.Add(clip); }).find("is not UTF-8"), std::string::npos);
}

TEST(ShardWriterTest, AClipTooLongToReadBackIsAnError) {
  const TemporaryFolder folder;
  ShardWriter writer(folder.path(), "train", 100);
  EXPECT_NE(CatchMessage([&] { writer.Add(MakeClip(1, kMaxRecordBytes)); }).find("more than the 268435456"),
            std::string::npos);
}

TEST(ShardReaderTest, ReadsFromSeveralThreads) {
  const TemporaryFolder folder;
  const ShardReader reader(WriteClips(folder.path(), 200).at(0));
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (std::size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) good[t] += reader.Read(i).video() == MakeClip(i).video() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(4, 200));
}

TEST(ShardReaderTest, AMissingFileIsAnError) {
  EXPECT_EQ(CatchMessage([] { ShardReader("/nowhere/a.tfrecord"); }),
            "/nowhere/a.tfrecord: cannot be opened: No such file or directory");
}

TEST(ShardReaderTest, AnEmptyFileIsAnError) {
  const TemporaryFolder folder;
  WriteFile(folder / "a.tfrecord", "");
  const auto open = [&] { ShardReader(folder / "a.tfrecord"); };
  EXPECT_EQ(CatchMessage(open), (folder / "a.tfrecord").string() + ": is empty, not a shard");
  EXPECT_EQ(CatchHint(open), "extract again, or copy the file again");
}

TEST(ShardReaderTest, ATextFileIsNoShard) {
  const TemporaryFolder folder;
  for (const std::string text : {"path,score\n", "path,score\na.mp4,0.5\n"}) {
    WriteFile(folder / "a.csv", text);
    const auto message = CatchMessage([&] { ShardReader(folder / "a.csv"); });
    EXPECT_TRUE(message.starts_with((folder / "a.csv").string() + ": is not a shard, or ")) << message;
    EXPECT_TRUE(message.ends_with(", at byte 0")) << message;
  }
}

TEST(ShardReaderTest, TruncationAtEveryByteIsAnError) {
  const TemporaryFolder folder;
  const std::string whole = ReadFile(WriteClips(folder.path(), 3).at(0));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    std::ofstream(folder / "cut.tfrecord", std::ios::binary) << whole.substr(0, length);
    ASSERT_NE(CatchMessage([&] { ReadAll(folder / "cut.tfrecord"); }), "") << length;
  }
}

TEST(ShardReaderTest, EachTruncationIsNamed) {
  const TemporaryFolder folder;
  const std::string whole = ReadFile(WriteClips(folder.path(), 2).at(0));
  const std::size_t first = kRecordHeaderBytes + LoadLittle64(whole) + kRecordFooterBytes;
  const auto message = [&](std::size_t length) {
    WriteFile(folder / "cut.tfrecord", whole.substr(0, length));
    return CatchMessage([&] { ReadAll(folder / "cut.tfrecord"); })
        .substr((folder / "cut.tfrecord").string().size() + 2);
  };
  EXPECT_EQ(message(5), "is not a shard, or truncated in its first header, at byte 0");
  EXPECT_EQ(message(first - 1),
            fmt::format("truncated record: {} of {} bytes are there, at byte 0", first - 13, first - 12));
  EXPECT_EQ(message(first),
            fmt::format("truncated after a record that is not the shard's last, at byte {}", first));
  EXPECT_EQ(message(first + 11), fmt::format("truncated header of a record, at byte {}", first));
  EXPECT_EQ(message(first + 12).substr(0, 17), "truncated record:");
}

TEST(ShardReaderTest, ADamagedByteAnywhereIsAnError) {
  const TemporaryFolder folder;
  const std::string whole = ReadFile(WriteClips(folder.path(), 2).at(0));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    std::ofstream(folder / "flip.tfrecord", std::ios::binary) << damaged;
    const auto message = CatchMessage([&] { ReadAll(folder / "flip.tfrecord"); });
    ASSERT_TRUE(message.starts_with((folder / "flip.tfrecord").string() + ": ")) << at;
    ASSERT_NE(message.find(", at byte "), std::string::npos) << message;
  }
}

TEST(ShardReaderTest, DamageSaysWhichChecksumAndWhere) {
  const TemporaryFolder folder;
  const std::string whole = ReadFile(WriteClips(folder.path(), 3).at(0));
  const std::size_t second = kRecordHeaderBytes + LoadLittle64(whole) + kRecordFooterBytes;
  const auto message = [&](std::size_t at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    WriteFile(folder / "flip.tfrecord", damaged);
    return CatchMessage([&] { ReadAll(folder / "flip.tfrecord"); });
  };
  const std::string file = (folder / "flip.tfrecord").string();
  EXPECT_EQ(message(second), fmt::format("{}: the length checksum does not match, at byte {}", file, second));
  EXPECT_EQ(message(second + 9),
            fmt::format("{}: the length checksum does not match, at byte {}", file, second));
  EXPECT_EQ(message(second + 20),
            fmt::format("{}: the data checksum does not match, at byte {}", file, second));
  EXPECT_EQ(message(20), fmt::format("{}: the data checksum does not match, at byte 0", file));
}

TEST(ShardReaderTest, DamageInOneRecordLeavesTheOthersReadable) {
  const TemporaryFolder folder;
  const fs::path path = WriteClips(folder.path(), 3).at(0);
  std::string damaged = ReadFile(path);
  damaged[30] = static_cast<char>(damaged[30] ^ 4);
  WriteFile(path, damaged);
  const ShardReader reader(path);
  EXPECT_THROW(reader.Read(0), Error);
  EXPECT_EQ(reader.Read(1).video(), "fake/1.mp4");
}

TEST(ShardReaderTest, ARecordTooLongIsAnErrorBeforeItIsRead) {
  const TemporaryFolder folder;
  std::string bytes = FrameRecord("x");
  bytes.replace(0, 8, std::string("\x01\0\0\x10\0\0\0\0", 8));
  const std::uint32_t crc = MaskedCrc32c(bytes.substr(0, 8));
  bytes.replace(8, 4, reinterpret_cast<const char*>(&crc), 4);
  WriteFile(folder / "long.tfrecord", bytes);
  EXPECT_EQ(CatchMessage([&] { ShardReader(folder / "long.tfrecord"); }),
            (folder / "long.tfrecord").string() +
                ": a record of 268435457 bytes, more than the 268435456 allowed, at byte 0");
}

TEST(ShardReaderTest, ARecordThatIsNoClipIsAnError) {
  const TemporaryFolder folder;
  // Not protobuf; nothing; a tf.train.Example, which protobuf takes for a clip of unknown fields.
  for (const std::string payload : {"\xff\xff\xff", "", "\x0a\x02\x0a\x00", "plain text"}) {
    const fs::path path = WriteRecord(folder, payload);
    EXPECT_EQ(CatchMessage([&] { ReadAll(path); }),
              path.string() + ": the record is not a Clip message, at byte 0");
  }
}

TEST(ShardReaderTest, ALaterFormatVersionIsNamed) {
  const TemporaryFolder folder;
  Clip clip = MakeClip(1);
  clip.set_format_version(2);
  const fs::path path = WriteRecord(folder, clip.SerializeAsString());
  EXPECT_EQ(CatchMessage([&] { ReadAll(path); }),
            path.string() + ": written in format version 2 while this Seam reads 1, at byte 0");
  EXPECT_EQ(CatchHint([&] { ReadAll(path); }), "use a newer Seam, or extract again");
}

// Where record `number` of a shard begins.
std::uint64_t FindOffset(const fs::path& path, int number) {
  const std::string bytes = ReadFile(path);
  std::uint64_t offset = 0;
  for (int i = 0; i < number; ++i) {
    offset += kRecordHeaderBytes + LoadLittle64(std::string_view(bytes).substr(offset)) + kRecordFooterBytes;
  }
  return offset;
}

void ChangeByte(const fs::path& path, std::uint64_t offset) {
  std::string bytes = ReadFile(path);
  bytes[offset] = static_cast<char>(bytes[offset] ^ 0x55);
  WriteFile(path, bytes);
}

TEST(TolerantShardReaderTest, ADamagedRecordIsToldAndTheOthersAreRead) {
  const TemporaryFolder folder;
  const auto path = WriteClips(folder.path(), 5).front();
  for (const int damaged : {2, 4}) ChangeByte(path, FindOffset(path, damaged) + 30);
  const ShardReader reader(path, ShardReader::kTolerate);
  ASSERT_EQ(reader.size(), 5);
  EXPECT_EQ(reader.broken(), "");  // though the last record is damaged
  for (std::size_t i = 0; i < 5; ++i) {
    std::string problem;
    const auto clip = reader.TryRead(i, &problem);
    EXPECT_EQ(clip.has_value(), i != 2 && i != 4) << i;
    EXPECT_EQ(problem.empty(), clip.has_value());
    EXPECT_EQ(clip ? clip->video() : "", clip ? fmt::format("fake/{}.mp4", i) : "");
  }
  std::string problem;
  reader.TryRead(2, &problem);
  EXPECT_EQ(problem, fmt::format("the data checksum does not match, at byte {}", FindOffset(path, 2)));
}

TEST(TolerantShardReaderTest, BehindADamagedLengthNothingIsFound) {
  const TemporaryFolder folder;
  const auto path = WriteClips(folder.path(), 5).front();
  const auto offset = FindOffset(path, 3);
  ChangeByte(path, offset);
  const ShardReader reader(path, ShardReader::kTolerate);
  EXPECT_EQ(reader.size(), 3);
  EXPECT_EQ(reader.broken(), fmt::format("the length checksum does not match, at byte {}", offset));
}

TEST(TolerantShardReaderTest, ACutShardIsReadAsFarAsItGoes) {
  const TemporaryFolder folder;
  const auto path = WriteClips(folder.path(), 5).front();
  const auto offset = FindOffset(path, 3);
  fs::resize_file(path, offset + 5);
  {
    const ShardReader reader(path, ShardReader::kTolerate);
    EXPECT_EQ(reader.size(), 3);
    EXPECT_EQ(reader.broken(), fmt::format("truncated header of a record, at byte {}", offset));
  }
  fs::resize_file(path, offset);
  const ShardReader reader(path, ShardReader::kTolerate);
  EXPECT_EQ(reader.size(), 3);
  EXPECT_EQ(reader.broken(),
            fmt::format("truncated after a record that is not the shard's last, at byte {}", offset));
}

TEST(TolerantShardReaderTest, AnEmptyFileAndOneThatIsNoShardHaveNoRecords) {
  const TemporaryFolder folder;
  WriteFile(folder / "x.tfrecord", "");
  EXPECT_EQ(ShardReader(folder / "x.tfrecord", ShardReader::kTolerate).broken(), "is empty, not a shard");
  WriteFile(folder / "x.tfrecord", "a text of some length, but no shard");
  const ShardReader reader(folder / "x.tfrecord", ShardReader::kTolerate);
  EXPECT_EQ(reader.size(), 0);
  EXPECT_TRUE(reader.broken().starts_with("is not a shard")) << reader.broken();
}

TEST(TolerantShardReaderTest, ALaterFormatVersionIsNoDamage) {
  const TemporaryFolder folder;
  Clip clip = MakeClip(1);
  clip.set_format_version(kClipFormatVersion + 1);
  const auto path = WriteRecord(folder, clip.SerializeAsString());
  EXPECT_TRUE(CatchMessage([&] { ShardReader(path, ShardReader::kTolerate); }).find("format version") !=
              std::string::npos);
}

TEST(FindShardsTest, AFolderWithoutShardsOfTheSplitListsTheOthers) {
  const TemporaryFolder folder;
  const auto find = [&] { FindShards(folder.path(), "val"); };
  EXPECT_EQ(CatchMessage(find),
            folder.path().string() + ": holds no shards of 'val' (val-00000-of-....tfrecord)");
  EXPECT_EQ(CatchHint(find), "name a folder that `seam extract` wrote");
  WriteClips(folder.path(), 1);
  EXPECT_EQ(CatchHint(find), "it holds shards of: train");
}

TEST(FindShardsTest, AMissingFolderIsAnError) {
  EXPECT_EQ(CatchMessage([] { FindShards("/nowhere", "train"); }),
            "/nowhere: cannot be read: No such file or directory");
}

TEST(FindShardsTest, AMissingShardOfASetIsNamed) {
  const TemporaryFolder folder;
  const auto paths = WriteClips(folder.path(), 6, 100);
  ASSERT_GE(paths.size(), 3U);
  for (const auto& gone : {paths.front(), paths[1], paths.back()}) {
    const std::string bytes = ReadFile(gone);
    fs::remove(gone);
    EXPECT_EQ(CatchMessage([&] { FindShards(folder.path(), "train"); }),
              gone.string() + ": is missing from its set");
    WriteFile(gone, bytes);
  }
}

TEST(FindShardsTest, TwoSetsInOneFolderAreAnError) {
  const TemporaryFolder folder;
  WriteClips(folder.path(), 6);
  WriteFile(folder / "train-00001-of-00002.tfrecord", "");
  EXPECT_EQ(CatchMessage([&] { FindShards(folder.path(), "train"); }),
            folder.path().string() + ": holds two sets of 'train' shards, of 1 and of 2");
}

TEST(FindShardsTest, AShardBeyondItsSetIsAnError) {
  const TemporaryFolder folder;
  WriteClips(folder.path(), 1);
  WriteFile(folder / "train-00001-of-00001.tfrecord", "");
  EXPECT_EQ(CatchMessage([&] { FindShards(folder.path(), "train"); }),
            (folder / "train-00001-of-00001.tfrecord").string() + ": does not belong to its set");
}

}  // namespace
}  // namespace seam
