#include "labels/deeperforensics.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "labels/split.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

constexpr char kName[] = "deeperforensics-1.0";

class DeeperForensicsTest : public ::testing::Test {
 protected:
  DeeperForensicsTest() {
    tree_.Add({"manipulated_videos/end_to_end/000_M101.mp4", "manipulated_videos/end_to_end/003_M101.mp4",
               "manipulated_videos/end_to_end_level_1/000_M101.mp4", "source_videos/M101/a/b.mp4",
               "lists/source_videos_lists/M101.txt"});
    reals_.Add(
        {"original_sequences/youtube/c23/videos/000.mp4", "original_sequences/youtube/c23/videos/003.mp4"});
    options_ = Dataset(kName);
    options_.reals = reals_.path().string();
  }
  void AddLists() {
    tree_.Write("lists/splits/train.txt", "000_M101.mp4\n");
    tree_.Write("lists/splits/val.txt", "003_M101.mp4\n");
    tree_.Write("lists/splits/test.txt", "007_W102.mp4\n");
  }
  MadeTree tree_, reals_;
  LayoutOptions options_;
};

TEST_F(DeeperForensicsTest, TheRealsAreTheOriginalsOfTheTargetsAndNeverTheSourceVideos) {
  AddLists();
  const Listing listing = tree_.List(options_);
  ASSERT_EQ(listing.videos.size(), 5U);
  const Video fake = Find(listing.videos, "manipulated_videos/end_to_end_level_1/000_M101.mp4");
  EXPECT_EQ(fake.label, FAKE);
  EXPECT_EQ(fake.method, "end_to_end_level_1");
  EXPECT_EQ(fake.split, "train");
  EXPECT_EQ(fake.keys, Names{"000"});
  EXPECT_EQ(fake.people, Names{"actor M101"});
  const Video real = Find(listing.videos, "reals/003.mp4");
  EXPECT_EQ(real.label, REAL);
  EXPECT_EQ(real.split, "val") << "the split of its target's fake";
  EXPECT_EQ(real.keys, Names{"003"});
  EXPECT_EQ(listing.notes, Names{"source_videos/ are no reals: 1 file passed over"});
}

TEST_F(DeeperForensicsTest, TheFolderOfTheOriginalsItselfWillDo) {
  options_.reals = reals_.Name("original_sequences/youtube/c23/videos");
  EXPECT_EQ(tree_.List(options_).videos.size(), 5U);
}

TEST_F(DeeperForensicsTest, WithoutListsTheActorJoinsAGroup) {
  auto videos = tree_.List(options_).videos;
  EXPECT_EQ(Find(videos, "manipulated_videos/end_to_end/000_M101.mp4").keys, (Names{"000", "actor M101"}));
  AssignGroups(&videos);
  std::set<std::string> groups;
  for (const Video& video : videos) groups.insert(video.group);
  EXPECT_EQ(groups.size(), 1U) << "two targets, one actor";
}

TEST_F(DeeperForensicsTest, VariantsChoose) {
  options_.variants = "end_to_end";
  EXPECT_EQ(tree_.List(options_).videos.size(), 4U);
  options_.variants = "end_to_end_level_9";
  EXPECT_EQ(tree_.Message(options_), "--variants: 'end_to_end_level_9' is not a choice");
}

TEST_F(DeeperForensicsTest, WithoutRealsItIsAUsageErrorThatSaysWhatTheyAre) {
  const LayoutOptions options = Dataset(kName);
  EXPECT_EQ(tree_.Message(options), "--reals: is missing: deeperforensics-1.0 has no real videos of its own");
  EXPECT_EQ(
      tree_.Hint(options),
      "name the folder of FaceForensics++, whose YouTube originals at c23 are the reals; source_videos/ "
      "are not");
}

TEST_F(DeeperForensicsTest, AWrongFolderOfRealsIsAnError) {
  MadeTree other;
  other.Add({"a.mp4"});
  options_.reals = other.path().string();
  EXPECT_EQ(tree_.Message(options_), other.path().string() + ": holds no original of FaceForensics++");
  EXPECT_EQ(tree_.Hint(options_), "expected 000.mp4 to 999.mp4; found: a.mp4");
  other.Add({"original_sequences/youtube/c40/videos/000.mp4"});
  EXPECT_EQ(tree_.Message(options_),
            other.path().string() + ": has no original_sequences/youtube/c23/videos/");
}

TEST_F(DeeperForensicsTest, BadListsAreErrors) {
  AddLists();
  tree_.Write("lists/splits/val.txt", "000_M101.mp4\n");
  EXPECT_EQ(tree_.Message(options_),
            tree_.Name("lists/splits/val.txt") + ": '000_M101' is in the split train and in val");
  tree_.Write("lists/splits/val.txt", "\nM101\n");
  EXPECT_EQ(tree_.Message(options_),
            tree_.Name("lists/splits/val.txt") + ": line 2: 'M101' names no manipulated video");
  std::filesystem::remove(tree_.path() / "lists/splits/val.txt");
  EXPECT_EQ(tree_.Message(options_), tree_.Name("lists/splits") + ": lacks a list");
}

TEST_F(DeeperForensicsTest, RealsAtAnotherCompressionAreRefused) {
  reals_.Add({"original_sequences/youtube/c40/videos/000.mp4"});
  options_.reals = reals_.Name("original_sequences/youtube/c40/videos");
  EXPECT_EQ(tree_.Message(options_), options_.reals + ": is at the compression c40");
}

TEST_F(DeeperForensicsTest, VariantsThatAreNotThereSayHowMuchIs) {
  options_.variants = "reenact_postprocess";
  EXPECT_EQ(tree_.Message(options_),
            tree_.path().string() + ": --variants leaves no video: 3 files of others");
}

}  // namespace
}  // namespace seam
