#include "train/classifier/training_data.h"

#include <gmock/gmock.h>

#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::string CatchError(const std::string& folders, const std::string& weights = "") {
  return CatchMessage([&] { DataOptions{folders, weights}.Check(); });
}

TEST(DataOptionsTest, FoldersAndWeightsAreLists) {
  const auto folders = DataOptions{"a,b/c", "1,2.5"}.Folders();
  ASSERT_EQ(folders.size(), 2);
  EXPECT_EQ(folders[1].path, "b/c");
  EXPECT_EQ(folders[0].weight, 1);
  EXPECT_EQ(folders[1].weight, 2.5);
}

TEST(DataOptionsTest, FolderWithACommaInItsNameIsOne) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a,b");
  EXPECT_EQ((DataOptions{(folder / "a,b").string()}.Folders().size()), 1);
}

TEST(DataOptionsTest, MistakesAreNamed) {
  EXPECT_EQ(CatchError(""), "--data: missing");
  EXPECT_EQ(CatchError("a,"), "--data: 'a,' names an empty folder");
  EXPECT_EQ(CatchError("a,./a"), "--data: names ./a twice");
  EXPECT_EQ(CatchError("a,b", "1"), "--data-weights: 1 weights for 2 folders of --data");
  for (const std::string weight : {"0", "-1", "x", "", "2x", "nan", "1e9"}) {
    EXPECT_EQ(CatchError("a,b", "1," + weight),
              "--data-weights: '" + weight + "' is not a number above 0 and up to 1000");
  }
}

class TrainingDataTest : public testing::Test {
 protected:
  void Make(const std::string& name, MadeDataset made = {}) const {
    made.size = 32;
    const auto change = made.change;
    made.change = [&](const std::string& split, int number, Clip* clip) {
      clip->set_dataset(name);
      if (change) change(split, number, clip);
    };
    MakeDataset(folder_ / name, made);
  }
  DataOptions Both() const { return {(folder_ / "a").string() + "," + (folder_ / "b").string()}; }
  // What is said when the data is used all the same.
  static std::string CatchWarning(DataOptions options) {
    options.allow_leak = true;
    testing::internal::CaptureStderr();
    OpenTrainingData(options);
    return testing::internal::GetCapturedStderr();
  }

  TemporaryFolder folder_;
};

TEST_F(TrainingDataTest, BothSplitsOfAllFoldersAreOpened) {
  Make("a");
  Make("b", {.train = 6, .val = 2, .change = [](const std::string&, int number, Clip* clip) {
               clip->mutable_frames(0)->set_image(PlainPicture(32, "jpeg", number, 0, 9));
               clip->mutable_frames(0)->mutable_image()->append(clip->split());
             }});
  const auto data = OpenTrainingData(Both());
  EXPECT_EQ(data.train->size(), 14);
  EXPECT_EQ(data.val->size(), 6);
}

TEST_F(TrainingDataTest, EachFolderIsAskedWhetherItLeaks) {
  Make("a");
  Make("b", {.json = R"({"leaks": true})"});
  const auto open = [&] { OpenTrainingData(Both()); };
  EXPECT_THAT(CatchMessage(open), AllOf(HasSubstr((folder_ / "b").string()), HasSubstr("marked as leaking")));
  EXPECT_THAT(CatchHint(open), HasSubstr("--allow-leak"));
  EXPECT_THAT(CatchWarning(Both()), HasSubstr("the metrics on val mean little"));
}

TEST_F(TrainingDataTest, PictureOfTrainInValOfAnotherFolderIsALeak) {
  const std::string picture = PlainPicture(32, "jpeg", 10, 20, 30);
  const auto with = [&](const std::string& split) {
    return [&picture, split](const std::string& of, int number, Clip* clip) {
      if (of == split && number == 1) clip->mutable_frames(0)->set_image(picture);
    };
  };
  Make("a", {.change = with("train")});
  Make("b", {.change = with("val")});
  const auto open = [&] { OpenTrainingData(Both()); };
  EXPECT_THAT(
      CatchMessage(open),
      AllOf(HasSubstr((folder_ / "b").string()), HasSubstr("val-00000-of-00001.tfrecord: record 1"),
            HasSubstr("a picture of b:fake/val-0001.mp4 stands in train, too, in a:fake/train-0001.mp4; "
                      "so do 1 clips of val in all")));
  EXPECT_THAT(CatchHint(open), HasSubstr("--allow-leak"));
  EXPECT_THAT(CatchWarning(Both()), HasSubstr("stands in train, too"));
}

TEST_F(TrainingDataTest, GroupOfTrainInValOfAnotherFolderIsALeak) {
  const auto with = [&](const std::string& split) {
    return [split](const std::string& of, int number, Clip* clip) {
      clip->set_dataset("celeb");
      if (of == split && number == 1) clip->set_group("actor 7");
    };
  };
  Make("a", {.change = with("train")});
  Make("b", {.change = with("val")});
  EXPECT_THAT(CatchMessage([&] { OpenTrainingData(Both()); }),
              HasSubstr("the group 'celeb:actor 7' stands in train and in val"));
}

TEST_F(TrainingDataTest, DamageIsAnErrorOnlyWhenStrict) {
  Make("a");
  const auto shard = FindShards(folder_ / "a", "val").front();
  Damage(shard, fs::file_size(shard) / 2);
  DataOptions options{(folder_ / "a").string()};
  EXPECT_EQ(OpenTrainingData(options).val->size(), 3);
  options.strict = true;
  EXPECT_THAT(CatchMessage([&] { OpenTrainingData(options); }),
              AllOf(HasSubstr(shard.string()), HasSubstr("the data checksum does not match, at byte ")));
}

}  // namespace
}  // namespace seam
