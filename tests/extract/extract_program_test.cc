// The program `seam extract` as a user runs it.

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "labels/manifest.h"
#include "proto/shard.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr char kOptions[] = " --detector hog --detect-size 400 --frames 3 --split 0.5,0.5,0 ";

std::string ExtractLine(const fs::path& input, const fs::path& output, const std::string& options = "") {
  return "seam-extract --input " + Quoted(input.string()) + " --output " + Quoted(output.string()) +
         kOptions + options;
}

// real/ and fake/ with `each` clips of a face in each.
void MakeDataset(const fs::path& root, int each) {
  for (const char* label : {"real", "fake"}) {
    fs::create_directories(root / label);
    for (int i = 0; i < each; ++i) {
      const fs::path video = root / label / (std::string(label) + std::to_string(i) + ".mp4");
      // Different bytes in each, or the leak check would find the same file on both sides.
      MakeVideo(video, "-i " + Quoted(DemoClip().string()) + " -t 1 -c:v libx264 -preset ultrafast -crf " +
                           std::to_string(20 + i + (label[0] == 'f' ? each : 0)));
    }
  }
}

// Every file of a dataset folder with its bytes.
std::map<std::string, std::string> CollectFiles(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = ReadFile(entry.path());
  }
  return files;
}

class ExtractProgramTest : public ::testing::Test {
 protected:
  void SetUp() override { SEAM_NEEDS_DEMO_CLIP(); }
  TemporaryFolder folder_;
};

TEST_F(ExtractProgramTest, WritesShardsManifestAndDatasetFile) {
  MakeDataset(folder_ / "in", 2);
  WriteFile(folder_.path() / "in/real/text.mp4", "no video");
  const CommandResult result = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_NE(result.err.find("text.mp4: is not a video or picture that Seam knows\nhint: "), std::string::npos)
      << result.err;

  const auto rows = ReadManifest(folder_.path() / "out/manifest.jsonl");
  ASSERT_EQ(rows.size(), 5U);
  std::map<std::string, int> clips_by_split;
  int unreadable = 0;
  for (const ManifestRow& row : rows) {
    clips_by_split[row.split] += row.clips;
    unreadable += row.status == Status::kUnreadable ? 1 : 0;
    EXPECT_EQ(row.clips, row.status == Status::kOk ? 3 : 0) << row.video;
  }
  EXPECT_EQ(unreadable, 1);
  for (const auto& [split, clips] : clips_by_split) {
    int found = 0;
    for (const fs::path& shard : FindShards(folder_ / "out", split)) {
      const ShardReader reader(shard);
      for (std::size_t i = 0; i < reader.size(); ++i) {
        const Clip clip = reader.Read(i);
        EXPECT_EQ(clip.label(), clip.video().starts_with("fake/") ? FAKE : REAL);
        EXPECT_EQ(clip.split(), split);
        EXPECT_EQ(clip.frames_size(), 1);
        EXPECT_EQ(clip.crop().size(), 256U);
        EXPECT_TRUE(clip.frames(0).image().starts_with("\xff\xd8"));
        ++found;
      }
    }
    EXPECT_EQ(found, clips) << split;
  }
  const auto dataset = nlohmann::json::parse(ReadFile(folder_.path() / "out/dataset.json"));
  EXPECT_EQ(dataset.at("leaks"), false);
  EXPECT_EQ(dataset.at("crop").at("detector"), "hog");
  EXPECT_EQ(dataset.at("options").at("frames"), 3);
  int counted = 0;
  for (const auto& count : dataset.at("counts")) {
    counted += count.at("videos").get<int>();
    if (count.at("status") == "unreadable") {
      EXPECT_EQ(count.at("label"), "real");
      EXPECT_EQ(count.at("clips"), 0);
    }
  }
  EXPECT_EQ(counted, 5);
  EXPECT_NE(result.out.find("\nsplit"), 0U);
  EXPECT_NE(result.out.find(" unreadable "), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("extract: 5/5 videos, "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(" frames/s, 1 failed\n"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "out/.work"));
}

TEST_F(ExtractProgramTest, ThreadsChangeNoByte) {
  MakeDataset(folder_ / "in", 2);
  std::string hurt = ReadFile(folder_.path() / "in/real/real0.mp4");
  for (std::size_t i = hurt.size() / 3; i < hurt.size() / 3 + 2000; ++i) hurt[i] = static_cast<char>(i * 7);
  WriteFile(folder_.path() / "in/real/hurt.mp4", hurt);
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "a", "--jobs 1")).status, 3);
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "b", "--jobs 3")).status, 3);
  EXPECT_EQ(CollectFiles(folder_ / "a"), CollectFiles(folder_ / "b"));
}

TEST_F(ExtractProgramTest, AKilledRunResumesToTheSameBytes) {
  MakeDataset(folder_ / "in", 4);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "whole")).status, 0);
  const std::string out = (folder_ / "out").string();
  // Killed as soon as two videos are stored, and again with five.
  for (const char* stored : {"2", "5"}) {
    RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--jobs 1 --resume") +
               " & pid=$!; while kill -0 $pid && [ $(ls " + out + "/.work/*.json | wc -l) -lt " + stored +
               " ]; do sleep 0.01; done; kill -9 $pid; wait $pid");
    ASSERT_FALSE(fs::exists(folder_.path() / "out/dataset.json")) << "it ended before it could be killed";
  }
  // What stays behind when a run is killed that writes the shards.
  WriteFile(folder_.path() / "out/train-00000.4711.part", "half of a shard");
  WriteFile(folder_.path() / "out/val-00000.4711.part.4711.tmp", "half of a shard");

  const CommandResult refused = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("holds an extraction that was stopped\nhint: --resume"), std::string::npos)
      << refused.err;
  const CommandResult other =
      RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--resume --margin 0.5"));
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.err.find("was begun with other options"), std::string::npos) << other.err;

  const CommandResult resumed = RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--resume"));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("of 8 videos are done already"), std::string::npos) << resumed.err;
  EXPECT_EQ(CollectFiles(folder_ / "out"), CollectFiles(folder_ / "whole"));
}

TEST_F(ExtractProgramTest, ResumingWhatIsCompleteSaysSo) {
  MakeDataset(folder_ / "in", 1);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out")).status, 0);
  const auto before = CollectFiles(folder_ / "out");
  const CommandResult again = RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--resume"));
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.err.find("is complete, nothing is left to do"), std::string::npos) << again.err;
  const CommandResult other =
      RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--resume --margin 0.5"));
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.err.find("already holds a dataset\nhint: it is of other options"), std::string::npos)
      << other.err;
  EXPECT_EQ(CollectFiles(folder_ / "out"), before);
}

// Runs `line` with a small file system at `disk`; skips the test where that is not allowed.
#define SEAM_NEEDS_NAMESPACES() \
  if (RunCommand("unshare -Urm mount -t tmpfs tmpfs /tmp").status != 0) GTEST_SKIP() << "may not mount"

TEST_F(ExtractProgramTest, AFullDiskIsOneErrorAndResumingGivesTheSameBytes) {
  SEAM_NEEDS_NAMESPACES();
  MakeDataset(folder_ / "in", 2);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "whole")).status, 0);
  std::uintmax_t bytes = 0;
  for (const auto& [name, content] : CollectFiles(folder_ / "whole")) bytes += content.size();
  fs::create_directories(folder_ / "disk");
  const std::string disk = Quoted((folder_ / "disk").string()), kept = Quoted((folder_ / "kept").string());
  const std::string extract = ExtractLine(folder_ / "in", folder_ / "disk/out");
  // Full while clips are stored, and while the shards are written.
  for (const std::uintmax_t size : {bytes / 2, bytes + bytes / 2}) {
    SCOPED_TRACE(size);
    const CommandResult result =
        RunCommand("unshare -Urm sh -c " +
                   Quoted("mount -t tmpfs -o size=" + std::to_string(size) + " tmpfs " + disk + " && " +
                          extract + "; echo status $?; mount -o remount,size=1g " + disk + " && " + extract +
                          " --resume && rm -rf " + kept + " && cp -r " + disk + "/out " + kept));
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(result.out.starts_with("status 1\n")) << result.out;
    const std::size_t error = result.err.find("error: ");
    ASSERT_NE(error, std::string::npos) << result.err;
    EXPECT_NE(result.err.find(": No space left on device\nhint: free some space"), std::string::npos)
        << result.err;
    EXPECT_EQ(result.err.find("error: ", error + 1), std::string::npos) << result.err;
    EXPECT_EQ(CollectFiles(folder_ / "kept"), CollectFiles(folder_ / "whole"));
  }
}

TEST_F(ExtractProgramTest, AFileThatMayNotGrowIsAnErrorAndNoCrash) {
  MakeDataset(folder_ / "in", 1);
  const CommandResult result = RunCommand("ulimit -f 40; " +  // of 512 bytes
                                          ExtractLine(folder_ / "in", folder_ / "out", "--isolation none"));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("cannot be written: File too large"), std::string::npos) << result.err;
  // The limit holds for the memory that a decoder's process shares, too.
  const CommandResult isolated =
      RunCommand("ulimit -f 40; " + ExtractLine(folder_ / "in", folder_ / "isolated"));
  EXPECT_EQ(isolated.status, 1);
  EXPECT_NE(isolated.err.find("no memory can be shared: File too large\nhint: "), std::string::npos)
      << isolated.err;
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--resume")).status, 0);
}

TEST_F(ExtractProgramTest, AWorkFileThatAPowerFailureEmptiedIsDoneAgain) {
  MakeDataset(folder_ / "in", 1);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "whole")).status, 0);
  // A run that stored both videos and was stopped before it could assemble: its folder cannot take shards.
  fs::create_directories(folder_.path() / "out/dataset.json/x");
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--overwrite")).status, 1);
  fs::remove_all(folder_.path() / "out/dataset.json");
  ASSERT_TRUE(fs::exists(folder_.path() / "out/.work/00000000.json"));
  fs::resize_file(folder_.path() / "out/.work/00000000.json", 0);
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--resume")).status, 0);
  EXPECT_EQ(CollectFiles(folder_ / "out"), CollectFiles(folder_ / "whole"));
}

TEST_F(ExtractProgramTest, OneRunWritesIntoAFolderAtATime) {
  MakeDataset(folder_ / "in", 1);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out")).status, 0);
  const auto before = CollectFiles(folder_ / "out");
  const CommandResult second = RunCommand("flock " + Quoted((folder_ / "out").string()) + " " +
                                          ExtractLine(folder_ / "in", folder_ / "out", "--overwrite"));
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.err.find("another seam extract is writing here"), std::string::npos) << second.err;
  EXPECT_EQ(CollectFiles(folder_ / "out"), before);
}

TEST_F(ExtractProgramTest, ForeignFilesStay) {
  MakeDataset(folder_ / "in", 1);
  fs::create_directories(folder_ / "out");
  WriteFile(folder_.path() / "out/val-my.partial-notes.txt", "mine");
  fs::create_directories(folder_.path() / "out/.work");
  WriteFile(folder_.path() / "out/.work/thesis.txt", "mine too");
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out")).status, 0);
  EXPECT_EQ(ReadFile(folder_.path() / "out/val-my.partial-notes.txt"), "mine");
  EXPECT_EQ(ReadFile(folder_.path() / "out/.work/thesis.txt"), "mine too");
  fs::create_directories(folder_ / "other");
  WriteFile(folder_.path() / "other/train-00000-of-00001.tfrecord", "somebody's shard");
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "other")).status, 1);
  EXPECT_EQ(ReadFile(folder_.path() / "other/train-00000-of-00001.tfrecord"), "somebody's shard");
}

TEST_F(ExtractProgramTest, ADatasetIsNotOverwrittenByChance) {
  MakeDataset(folder_ / "in", 1);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out")).status, 0);
  const auto before = CollectFiles(folder_ / "out");
  const CommandResult again = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(again.status, 1);
  EXPECT_NE(again.err.find("already holds a dataset\nhint: --overwrite"), std::string::npos) << again.err;
  EXPECT_EQ(CollectFiles(folder_ / "out"), before);
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--overwrite")).status, 0);
  EXPECT_EQ(CollectFiles(folder_ / "out"), before);
}

TEST_F(ExtractProgramTest, LeakingSplitsAreRefusedAndMarked) {
  for (const char* split : {"train", "val"}) MakeDataset(folder_ / "in" / split, 1);
  const CommandResult refused = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("the splits leak"), std::string::npos) << refused.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "out/dataset.json"));
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--allow-leak")).status, 0);
  EXPECT_EQ(nlohmann::json::parse(ReadFile(folder_.path() / "out/dataset.json")).at("leaks"), true);
}

// Two videos of the same footage, as dfdc has them, and a fake whose real is not there. All in train.
std::string PairsLine(const fs::path& folder, const std::string& output, const std::string& options) {
  const fs::path root = folder / "pairs/dfdc_train_part_0";
  if (!fs::exists(root)) {
    fs::create_directories(root);
    int quality = 20;
    for (const char* name : {"real.mp4", "fake.mp4", "alone.mp4"}) {
      MakeVideo(root / name, "-i " + Quoted(DemoClip().string()) +
                                 " -t 1 -c:v libx264 -preset ultrafast -crf " + std::to_string(quality += 3));
    }
    WriteFile(root / "metadata.json",
              R"({"real.mp4":{"label":"REAL"},"fake.mp4":{"label":"FAKE","original":"real.mp4"},)"
              R"("alone.mp4":{"label":"FAKE","original":"missing.mp4"}})");
  }
  return "seam-extract --dataset dfdc --input " + Quoted((folder / "pairs").string()) + " --output " +
         Quoted((folder / output).string()) + " --detector hog --detect-size 400 --size 64 --split 1,0,0 " +
         options;
}

std::map<std::string, std::vector<Clip>> ClipsByVideo(const fs::path& folder) {
  std::map<std::string, std::vector<Clip>> clips;
  for (const fs::path& shard : FindShards(folder, "train")) {
    const ShardReader reader(shard);
    for (std::size_t i = 0; i < reader.size(); ++i) {
      Clip clip = reader.Read(i);
      clips[fs::path(clip.video()).filename().string()].push_back(std::move(clip));
    }
  }
  return clips;
}

TEST_F(ExtractProgramTest, FakesTakeTheBoxesOfTheirReal) {
  for (const char* sampling : {"--frames 3", "--window 4 --windows 2"}) {
    fs::remove_all(folder_ / "out");
    const CommandResult result =
        RunCommand(PairsLine(folder_.path(), "out", std::string("--boxes from-real ") + sampling));
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.err.find("1 of 2 fakes found their own faces"), std::string::npos) << result.err;
    auto clips = ClipsByVideo(folder_ / "out");
    ASSERT_FALSE(clips["real.mp4"].empty());
    ASSERT_EQ(clips["real.mp4"].size(), clips["fake.mp4"].size());
    for (std::size_t c = 0; c < clips["real.mp4"].size(); ++c) {
      const Clip &real = clips["real.mp4"][c], &fake = clips["fake.mp4"][c];
      EXPECT_EQ(fake.boxes_from(), real.video());
      EXPECT_EQ(real.boxes_from(), "");
      ASSERT_EQ(real.frames_size(), fake.frames_size());
      for (int i = 0; i < real.frames_size(); ++i) {
        EXPECT_EQ(real.frames(i).index(), fake.frames(i).index());
        EXPECT_EQ(real.frames(i).box().SerializeAsString(), fake.frames(i).box().SerializeAsString());
        EXPECT_NE(real.frames(i).image(), fake.frames(i).image());
      }
    }
    EXPECT_FALSE(clips["alone.mp4"].empty());
    EXPECT_EQ(clips["alone.mp4"][0].boxes_from(), "");
    for (const ManifestRow& row : ReadManifest(folder_.path() / "out/manifest.jsonl"))
      EXPECT_EQ(row.boxes_from.empty(), !row.video.ends_with("fake.mp4")) << row.video;
  }
}

// A tool may drop what its input says of turning, or write it anew.
TEST_F(ExtractProgramTest, AFakeWhosePixelsStandOtherwiseFindsItsOwnFaces) {
  const fs::path root = folder_ / "in/dfdc_train_part_0";
  fs::create_directories(root);
  const std::string clip = "-i " + Quoted(DemoClip().string()) + " -t 1 -c:v libx264 -preset ultrafast ";
  MakeVideo(root / "real.mp4", clip);
  MakeVideo(root / "over.mp4", clip + "-crf 24 -vf hflip,vflip");
  MakeVideo(folder_ / "stored.mp4", clip + "-crf 25 -vf hflip,vflip");
  MakeVideo(root / "told.mp4",
            "-i " + Quoted((folder_ / "stored.mp4").string()) + " -c copy -metadata:s:v rotate=180");
  WriteFile(root / "metadata.json",
            R"({"real.mp4":{"label":"REAL"},"over.mp4":{"label":"FAKE","original":"real.mp4"},)"
            R"("told.mp4":{"label":"FAKE","original":"real.mp4"}})");
  const CommandResult result = RunCommand(
      "seam-extract --dataset dfdc --input " + Quoted((folder_ / "in").string()) + " --output " +
      Quoted((folder_ / "out").string()) +
      " --detector retinaface --detect-size 320 --frames 3 --size 64 --split 1,0,0 --boxes from-real");
  ASSERT_EQ(result.status, 0) << result.err;
  auto clips = ClipsByVideo(folder_ / "out");
  ASSERT_EQ(clips["told.mp4"].size(), 3U);
  EXPECT_NE(clips["told.mp4"][0].boxes_from(), "");
  ASSERT_EQ(clips["over.mp4"].size(), 3U);
  EXPECT_EQ(clips["over.mp4"][0].boxes_from(), "");
  for (const ManifestRow& row : ReadManifest(folder_.path() / "out/manifest.jsonl"))
    EXPECT_EQ(row.cautions.empty(), !row.video.ends_with("over.mp4")) << row.video;
}

TEST_F(ExtractProgramTest, FilesOfOtherNamesAreTakenByTheirBytesAndTheRestIsCounted) {
  MakeDataset(folder_ / "in", 2);
  fs::rename(folder_ / "in/real/real0.mp4", folder_ / "in/real/real0");
  fs::rename(folder_ / "in/real/real1.mp4", folder_ / "in/real/a film \xc3\xbc.mp4.download");
  fs::rename(folder_ / "in/fake/fake0.mp4", folder_ / "in/fake/fake0.xyz");
  WriteFile(folder_ / "in/fake/notes.txt", "words");
  WriteFile(folder_ / "in/fake/list.json", "{}");
  const CommandResult result = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("2 files are neither video nor picture and passed over: 1 .json, 1 .txt"),
            std::string::npos)
      << result.err;
  std::set<std::string> videos;
  for (const ManifestRow& row : ReadManifest(folder_.path() / "out/manifest.jsonl")) {
    videos.insert(row.video);
    EXPECT_EQ(row.clips, 3) << row.video;
  }
  EXPECT_EQ(videos, (std::set<std::string>{"fake/fake0.xyz", "fake/fake1.mp4",
                                           "real/a film \xc3\xbc.mp4.download", "real/real0"}));
}

TEST_F(ExtractProgramTest, ADatasetThatLostAWholeClassIsAnError) {
  MakeDataset(folder_ / "in", 2);
  WriteFile(folder_ / "in/fake/fake0.mp4", "no video");
  MakeVideo(folder_ / "in/fake/fake1.mp4", "-f lavfi -i color=gray:size=320x240:rate=10:duration=0.5");
  const std::string told =
      "holds no fake: none of the 2 fake videos gave a clip, such as fake/fake0.mp4 "
      "(unreadable)\nhint: manifest.jsonl has the reason of each";
  const CommandResult result = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find(told), std::string::npos) << result.err;
  EXPECT_EQ(ReadManifest(folder_.path() / "out/manifest.jsonl").size(), 4U);
  // A part may hold one class alone; what is joined may not.
  for (const char* part : {"1", "2"}) {
    const CommandResult run = RunCommand(
        ExtractLine(folder_ / "in", folder_ / "parts" / part, "--shard " + std::string(part) + "/2"));
    EXPECT_NE(run.status, 1) << run.err;
  }
  const CommandResult merged = RunCommand("seam-extract merge " + Quoted((folder_ / "parts").string()) +
                                          "/* --output " + Quoted((folder_ / "all").string()));
  EXPECT_EQ(merged.status, 1);
  EXPECT_NE(merged.err.find(told), std::string::npos) << merged.err;
}

TEST_F(ExtractProgramTest, BalanceTakesMoreFromTheRarerClass) {
  const CommandResult result =
      RunCommand(PairsLine(folder_.path(), "out", "--balance --frames 4 --boxes from-real"));
  ASSERT_EQ(result.status, 0) << result.err;
  auto clips = ClipsByVideo(folder_ / "out");
  EXPECT_EQ(clips["real.mp4"].size(), 8U);
  EXPECT_EQ(clips["fake.mp4"].size(), 4U);
  EXPECT_EQ(clips["alone.mp4"].size(), 4U);
  const auto dataset = nlohmann::json::parse(ReadFile(folder_.path() / "out/dataset.json"));
  EXPECT_EQ(dataset.at("balance").dump(), R"({"factor":2.0,"rarer":"real"})");
}

TEST_F(ExtractProgramTest, WindowsAreTheSameBytesWithAnyThreads) {
  for (const char* jobs : {"1", "3"}) {
    const CommandResult result = RunCommand(PairsLine(
        folder_.path(), jobs, std::string("--window 4 --windows 3 --window-stride 2 --jobs ") + jobs));
    ASSERT_EQ(result.status, 0) << result.err;
  }
  EXPECT_EQ(CollectFiles(folder_ / "1"), CollectFiles(folder_ / "3"));
  for (const auto& [video, clips] : ClipsByVideo(folder_ / "1")) {
    EXPECT_EQ(clips.size(), 3U) << video;
    EXPECT_EQ(clips.at(0).frames_size(), 4);
    EXPECT_EQ(clips.at(0).frames(1).index(), clips.at(0).frames(0).index() + 2);
    EXPECT_EQ(clips.at(0).crop().window_stride(), 2U);
  }
}

TEST_F(ExtractProgramTest, CropsAsPngLoseNothing) {
  MakeDataset(folder_ / "in", 1);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--encoding png --size 64")).status, 0);
  const ShardReader reader(FindShards(folder_ / "out", "train").front());
  const Clip clip = reader.Read(0);
  EXPECT_TRUE(clip.frames(0).image().starts_with("\x89PNG"));
  EXPECT_EQ(clip.crop().encoding(), "png");
  EXPECT_EQ(clip.crop().size(), 64U);
}

TEST_F(ExtractProgramTest, WhenNoFileCanBeReadItFailsAndTheOldDatasetStays) {
  fs::create_directories(folder_ / "in/real");
  fs::create_directories(folder_ / "in/fake");
  WriteFile(folder_ / "in/real/a.mp4", "no video");
  WriteFile(folder_ / "in/fake/b.mp4", "no video either");
  const CommandResult result = RunCommand(ExtractLine(folder_ / "in", folder_ / "out"));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("no face was found in any file"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("b.mp4: is not a video or picture that Seam knows"), std::string::npos)
      << result.err;
  EXPECT_TRUE(CollectFiles(folder_ / "out").empty());

  MakeDataset(folder_ / "good", 1);
  ASSERT_EQ(RunCommand(ExtractLine(folder_ / "good", folder_ / "out")).status, 0);
  const auto before = CollectFiles(folder_ / "out");
  EXPECT_EQ(RunCommand(ExtractLine(folder_ / "in", folder_ / "out", "--overwrite")).status, 1);
  EXPECT_EQ(CollectFiles(folder_ / "out"), before);
}

TEST(ExtractProgramUsageTest, BadCommandLinesAreOneLineAndAHint) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "empty");
  const std::string out = " --output " + (folder / "out").string();
  const struct {
    std::string arguments;
    int status;
    std::string message;
  } cases[] = {
      {"", 2, "error: --input: is missing\nhint: name the folder of the dataset\n"},
      {"--input " + (folder / "empty").string(), 2, "error: --output: is missing\nhint: "},
      {"--input " + (folder / "none").string() + out, 1, "error: " + (folder / "none").string() + ": "},
      {"--input " + (folder / "empty").string() + out, 1, "error: " + (folder / "empty").string() + ": "},
      {"--input x" + out + " --detector mtcnn", 2, "error: --detector: 'mtcnn' is not a choice\nhint: "},
      {"--input x" + out + " --frames 0", 2, "error: --frames: must be at least 1, not 0\n"},
      {"--input x" + out + " --frames 4 --window 8", 2, "error: --frames: makes no sense with --window\n"},
      {"--input x" + out + " --windows 8", 2, "error: --windows: needs --window\n"},
      {"--input x" + out + " --align similarity --detector hog", 2,
       "error: --align: similarity needs landmarks, which hog does not find\n"},
      {"--input x" + out + " --dataset nope", 2, "error: --dataset: "},
      {"--input x" + out + " --resume --overwrite", 2, "error: --resume: makes no sense with --overwrite\n"},
  };
  for (const auto& [arguments, status, message] : cases) {
    const CommandResult result = RunCommand("seam-extract " + arguments);
    EXPECT_EQ(result.status, status) << arguments;
    EXPECT_TRUE(result.err.starts_with(message)) << arguments << "\n" << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'),
              result.err.find("\nhint: ") == std::string::npos ? 1 : 2)
        << result.err;
  }
}

}  // namespace
}  // namespace seam
