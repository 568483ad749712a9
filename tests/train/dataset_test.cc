#include "train/data/dataset.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "proto/tfrecord.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ErrorOfTrain(const std::filesystem::path& folder) {
  return CatchMessage([&] { ClipDataset(folder, "train"); });
}

TEST(ClipDatasetTest, KnowsEveryClipOfItsSplit) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.train = 6;
  made.clips_per_video = 2;
  made.frames = 3;
  made.size = 32;
  made.change = [](const std::string&, int number, Clip* clip) {
    clip->set_track(static_cast<std::uint32_t>(number));
  };
  MakeDataset(folder.path(), made);
  const ClipDataset dataset(folder.path(), "train");
  ASSERT_EQ(dataset.size(), 6);
  EXPECT_EQ(dataset.frames(), 3);
  EXPECT_EQ(dataset.crop().size(), 32);
  EXPECT_EQ(dataset.label(1), 0);
  EXPECT_EQ(dataset.label(2), 1);
  EXPECT_EQ(dataset.video(3), "fake/train-0001.mp4");
  EXPECT_EQ(dataset.group(3), "fake/train-0001.mp4");
  EXPECT_EQ(dataset.track(3), 3);
  EXPECT_EQ(dataset.Read(3).frames_size(), 3);
}

TEST(ClipDatasetTest, ReadsShardsInTheOrderOfTheirNumbers) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.train = 40;
  made.encoding = "png";
  made.change = [](const std::string&, int number, Clip* clip) {
    clip->set_video(std::to_string(number));
    clip->mutable_frames(0)->set_image(std::string(100'000, 'x'));
  };
  MakeDataset(folder.path(), made);
  ASSERT_GT(FindShards(folder.path(), "train").size(), 2);
  const ClipDataset dataset(folder.path(), "train");
  ASSERT_EQ(dataset.size(), 40);
  for (std::size_t i = 0; i < dataset.size(); ++i) EXPECT_EQ(dataset.video(i), std::to_string(i));
}

TEST(ClipDatasetTest, DigestIsOfTheBytes) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  MakeDataset(folder / "a", made);
  MakeDataset(folder / "b", made);
  made.change = [](const std::string&, int number, Clip* clip) {
    if (number == 7) clip->set_track(1);
  };
  MakeDataset(folder / "c", made);
  const std::string digest = ClipDataset(folder / "a", "train").digest();
  EXPECT_EQ(digest.size(), 64);
  EXPECT_EQ(ClipDataset(folder / "b", "train").digest(), digest);
  EXPECT_NE(ClipDataset(folder / "c", "train").digest(), digest);
}

TEST(ClipDatasetTest, MissingFolderIsAnError) {
  const auto open = [] { ClipDataset("/no/such/folder", "train"); };
  EXPECT_EQ(CatchMessage(open), "/no/such/folder: no such folder");
  EXPECT_THAT(CatchHint(open), HasSubstr("seam extract"));
}

TEST(ClipDatasetTest, DamagedRecordNamesFileAndByte) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  MakeDataset(folder.path(), made);
  const auto shard = FindShards(folder.path(), "train").front();
  Damage(shard, std::filesystem::file_size(shard) / 2);
  EXPECT_THAT(ErrorOfTrain(folder.path()), AllOf(HasSubstr(shard.string()), HasSubstr("at byte ")));
}

TEST(ClipDatasetTest, ClipsOfTwoCropsAreAnError) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  made.change = [](const std::string&, int number, Clip* clip) {
    if (number == 5) clip->mutable_crop()->set_margin(0.5);
  };
  MakeDataset(folder.path(), made);
  EXPECT_THAT(ErrorOfTrain(folder.path()),
              AllOf(HasSubstr("record 5"), HasSubstr("\"margin\":0.5"), HasSubstr("\"margin\":0.3")));
}

TEST(ClipDatasetTest, ClipsOfTwoLengthsAreAnError) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  made.change = [](const std::string&, int number, Clip* clip) {
    if (number == 5) *clip->add_frames() = clip->frames(0);
  };
  MakeDataset(folder.path(), made);
  EXPECT_THAT(ErrorOfTrain(folder.path()),
              AllOf(HasSubstr("record 5"), HasSubstr("2 frames, but the first clip of the split has 1")));
}

TEST(ClipDatasetTest, ClipsWithoutFramesAreAnError) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  made.change = [](const std::string&, int, Clip* clip) { clip->clear_frames(); };
  MakeDataset(folder.path(), made);
  EXPECT_THAT(ErrorOfTrain(folder.path()), HasSubstr("a clip of 0 frames"));
}

TEST(ClipDatasetTest, UnknownLabelIsAnError) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  made.change = [](const std::string&, int, Clip* clip) { clip->set_label(static_cast<Label>(7)); };
  MakeDataset(folder.path(), made);
  EXPECT_THAT(ErrorOfTrain(folder.path()), HasSubstr("label 7"));
}

using Folders = std::vector<DataFolder>;

ClipDataset Lenient(const Folders& folders, const std::string& split = "train") {
  return ClipDataset(folders, split, ClipDataset::kLenient);
}

// A dataset of small pictures of the dataset `name`.
void MakeNamed(const std::filesystem::path& folder, const std::string& name, MadeDataset made = {}) {
  made.size = 32;
  const auto change = made.change;
  made.change = [name, change](const std::string& split, int number, Clip* clip) {
    clip->set_dataset(name);
    if (change) change(split, number, clip);
  };
  MakeDataset(folder, made);
}

TEST(DamagedShardTest, DamagedRecordsAreLeftOutNamedOnceAndCounted) {
  const TemporaryFolder folder;
  MakeNamed(folder.path(), "made");
  const auto shard = FindShards(folder.path(), "train").front();
  Damage(shard, std::filesystem::file_size(shard) / 2);
  testing::internal::CaptureStderr();
  const auto dataset = Lenient({{folder.path()}});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said,
              AllOf(HasSubstr("warning: " + shard.string() + ": 1 of 8 records are damaged and left out"),
                    HasSubstr("the data checksum does not match, at byte ")));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_EQ(dataset.size(), 7);
  ASSERT_EQ(dataset.damage().size(), 1);
  EXPECT_EQ(dataset.damage()[0].damaged, 1);
  EXPECT_EQ(dataset.damage()[0].records, 8);
  std::set<std::string> videos;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    EXPECT_EQ(dataset.Read(i).video(), dataset.video(i));
    videos.insert(dataset.video(i));
  }
  EXPECT_EQ(videos.size(), 7);
}

TEST(DamagedShardTest, BehindADamagedLengthTheRestIsLostAndSaidToBe) {
  const TemporaryFolder folder;
  MakeNamed(folder.path(), "made");
  const auto shard = FindShards(folder.path(), "train").front();
  const std::string bytes = ReadFile(shard);
  Damage(shard, LoadLittle64(bytes) + kRecordHeaderBytes + kRecordFooterBytes);
  testing::internal::CaptureStderr();
  const auto dataset = Lenient({{folder.path()}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("only 1 records can be read, the rest of the shard is lost (the length checksum"));
  EXPECT_EQ(dataset.size(), 1);
}

TEST(DamagedShardTest, NothingLeftIsAnError) {
  const TemporaryFolder folder;
  MakeNamed(folder.path(), "made");
  Damage(FindShards(folder.path(), "train").front(), 0);
  EXPECT_THAT(CatchMessage([&] { Lenient({{folder.path()}}); }),
              HasSubstr("no clip of the split 'train' can be read; all of its 1 shards are damaged"));
}

TEST(DamagedShardTest, BadPictureIsNamedOnce) {
  const TemporaryFolder folder;
  MakeNamed(folder.path(), "made");
  const auto dataset = Lenient({{folder.path()}});
  testing::internal::CaptureStderr();
  for (const std::size_t index : {3, 5, 3}) dataset.NoteBadPicture(index, "frame 0 of x: not a JPEG picture");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;
  EXPECT_THAT(said, HasSubstr("record 3: frame 0 of x: not a JPEG picture; the clip is left out"));
  EXPECT_EQ(dataset.bad_pictures(), 2);
}

TEST(SeveralFoldersTest, EqualNamesOfDifferentDatasetsStayApart) {
  const TemporaryFolder folder;
  MakeNamed(folder / "a", "ff");
  MakeNamed(folder / "b", "dfdc");
  const auto dataset = Lenient({{folder / "a"}, {folder / "b"}});
  ASSERT_EQ(dataset.size(), 16);
  EXPECT_EQ(dataset.video(1), "ff:fake/train-0001.mp4");
  EXPECT_EQ(dataset.video(9), "dfdc:fake/train-0001.mp4");
  EXPECT_EQ(dataset.group(9), "dfdc:fake/train-0001.mp4");
  EXPECT_EQ(dataset.folder_of(7), 0);
  EXPECT_EQ(dataset.folder_of(8), 1);
}

TEST(SeveralFoldersTest, FoldersWhoseDatasetHasNoNameOfItsOwnStayApart) {
  const TemporaryFolder folder;
  MakeNamed(folder / "a", "folder");
  MakeNamed(folder / "b", "folder");
  const auto dataset = Lenient({{folder / "a"}, {folder / "b"}});
  EXPECT_EQ(dataset.video(8), (folder / "b").string() + ":real/train-0000.mp4");
}

TEST(SeveralFoldersTest, GroupOfOneDatasetInTwoFoldersIsOne) {
  const TemporaryFolder folder;
  const auto with_actor = [](const std::string& split) {
    return [split](const std::string& of, int number, Clip* clip) {
      if (of == split && number == 2) clip->set_group("actor 7");
    };
  };
  MakeNamed(folder / "a", "celeb", {.change = with_actor("train")});
  MakeNamed(folder / "b", "celeb", {.change = with_actor("val")});
  MakeNamed(folder / "c", "other", {.change = with_actor("val")});
  const Folders same = {{folder / "a"}, {folder / "b"}}, different = {{folder / "a"}, {folder / "c"}};
  EXPECT_EQ(SharedGroup(Lenient(same), Lenient(same, "val")), "celeb:actor 7");
  EXPECT_EQ(SharedGroup(Lenient(different), Lenient(different, "val")), "");
}

TEST(SeveralFoldersTest, FoldersThatDoNotFitTogetherAreBothNamed) {
  const TemporaryFolder folder;
  MakeNamed(folder / "a", "a");
  MakeNamed(folder / "b", "b",
            {.change = [](const std::string&, int, Clip* clip) { clip->mutable_crop()->set_margin(0.5); }});
  const auto open = [&] { Lenient({{folder / "a"}, {folder / "b"}}); };
  EXPECT_THAT(CatchMessage(open),
              AllOf(HasSubstr((folder / "a").string()), HasSubstr((folder / "b").string()),
                    HasSubstr("\"margin\":0.5"), HasSubstr("\"margin\":0.3")));
  EXPECT_THAT(CatchHint(open), HasSubstr("same options"));
}

TEST(SeveralFoldersTest, SplitMayBeMissingInAllButOne) {
  const TemporaryFolder folder;
  MakeNamed(folder / "a", "a", {.val = 0});
  MakeNamed(folder / "b", "b", {.val = 4});
  MakeNamed(folder / "c", "c", {.val = 0});
  EXPECT_EQ(Lenient({{folder / "a"}, {folder / "b"}}, "val").size(), 4);
  EXPECT_THAT(CatchMessage([&] {
                Lenient({{folder / "a"}, {folder / "c"}}, "val");
              }),
              HasSubstr("neither it nor another folder holds shards of 'val'"));
}

TEST(SeveralFoldersTest, EachFolderHasItsDigest) {
  const TemporaryFolder folder;
  MakeNamed(folder / "a", "a");
  MakeNamed(folder / "b", "b");
  const auto both = Lenient({{folder / "a"}, {folder / "b"}});
  EXPECT_EQ(both.digest(0), ClipDataset(folder / "a", "train").digest());
  EXPECT_EQ(both.digest(1), ClipDataset(folder / "b", "train").digest());
  EXPECT_NE(both.digest(), both.digest(0));
}

TEST(LeakTest, SamePictureInTwoSplitsIsFound) {
  const TemporaryFolder folder;
  MakeNamed(folder.path(), "made");
  EXPECT_EQ(FindSharedPictures(ClipDataset(folder.path(), "train"), ClipDataset(folder.path(), "val")).count,
            0);
  const std::string picture = PlainPicture(32, "jpeg", 10, 20, 30);
  MakeNamed(folder.path(), "made", {.change = [&](const std::string& split, int number, Clip* clip) {
              if (number == 1 || (split == "val" && number == 3)) clip->mutable_frames(0)->set_image(picture);
            }});
  const ClipDataset train(folder.path(), "train"), val(folder.path(), "val");
  const auto shared = FindSharedPictures(train, val);
  EXPECT_EQ(shared.count, 2);
  EXPECT_EQ(train.video(shared.in_a), "fake/train-0001.mp4");
}

TEST(LeakTest, DatasetJsonMarksADataset) {
  const TemporaryFolder folder;
  WriteFile(folder / "dataset.json", R"({"leaks": true})");
  EXPECT_TRUE(IsMarkedLeaking(folder.path()));
  WriteFile(folder / "dataset.json", R"({"leaks": false, "crops": 10})");
  EXPECT_FALSE(IsMarkedLeaking(folder.path()));
  WriteFile(folder / "dataset.json", R"({"crops": 10})");
  EXPECT_FALSE(IsMarkedLeaking(folder.path()));
}

TEST(LeakTest, DatasetJsonThatIsNoJsonIsAnError) {
  const TemporaryFolder folder;
  WriteFile(folder / "dataset.json", R"({"leaks": tr)");
  EXPECT_THAT(CatchMessage([&] { IsMarkedLeaking(folder.path()); }), HasSubstr("is no JSON object"));
}

TEST(LeakTest, GroupInTwoSplitsIsFound) {
  const TemporaryFolder folder;
  MadeDataset made;
  made.size = 32;
  made.change = [](const std::string&, int number, Clip* clip) {
    if (number == 2) clip->set_group("actor 7");
  };
  MakeDataset(folder.path(), made);
  const ClipDataset train(folder.path(), "train"), val(folder.path(), "val");
  EXPECT_EQ(SharedGroup(train, val), "actor 7");
  made.change = nullptr;
  MakeDataset(folder.path(), made);
  EXPECT_EQ(SharedGroup(ClipDataset(folder.path(), "train"), ClipDataset(folder.path(), "val")), "");
}

}  // namespace
}  // namespace seam
