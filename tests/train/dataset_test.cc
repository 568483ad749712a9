#include "train/dataset.h"

#include <gmock/gmock.h>

#include "base/files.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ErrorOfTrain(const std::filesystem::path& folder) {
  return MessageOf([&] { ClipDataset(folder, "train"); });
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
  EXPECT_EQ(MessageOf(open), "/no/such/folder: no such folder");
  EXPECT_THAT(HintOf(open), HasSubstr("seam extract"));
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
  EXPECT_THAT(MessageOf([&] { IsMarkedLeaking(folder.path()); }), HasSubstr("is no JSON object"));
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
