#include "labels/celeb_df.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "labels/split.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

constexpr char kName[] = "celeb-df-v2";
constexpr char kList[] = "List_of_testing_videos.txt";

class CelebDfTest : public ::testing::Test {
 protected:
  CelebDfTest() {
    tree_.Add({"Celeb-real/id0_0000.mp4", "Celeb-real/id1_0003.mp4", "YouTube-real/00170.mp4",
               "YouTube-real/00001.mp4", "Celeb-synthesis/id0_id1_0000.mp4",
               "Celeb-synthesis/id1_id0_0003.mp4"});
    tree_.Write(kList, "1 YouTube-real/00170.mp4\r\n0 Celeb-synthesis/id0_id1_0000.mp4\n");
  }
  MadeTree tree_;
};

TEST_F(CelebDfTest, LabelsByFolderAndGroupsByFootage) {
  const auto videos = tree_.List(kName).videos;
  ASSERT_EQ(videos.size(), 6U);
  const Video fake = Find(videos, "Celeb-synthesis/id1_id0_0003.mp4");
  EXPECT_EQ(fake.label, FAKE);
  EXPECT_EQ(fake.method, "Celeb-synthesis");
  EXPECT_EQ(fake.keys, Names{"id1_0003"});
  EXPECT_EQ(fake.people, (Names{"id1", "id0"}));
  EXPECT_EQ(Find(videos, "Celeb-real/id1_0003.mp4").keys, Names{"id1_0003"});
  EXPECT_EQ(Find(videos, "Celeb-real/id1_0003.mp4").label, REAL);
  EXPECT_EQ(Find(videos, "YouTube-real/00001.mp4").label, REAL);
  EXPECT_TRUE(Find(videos, "YouTube-real/00001.mp4").people.empty());
}

TEST_F(CelebDfTest, TheTestListIsTheSplitTestAndTheRestIsOpen) {
  const Listing listing = tree_.List(kName);
  EXPECT_EQ(Find(listing.videos, "YouTube-real/00170.mp4").split, "test");
  EXPECT_EQ(Find(listing.videos, "Celeb-synthesis/id0_id1_0000.mp4").split, "test");
  EXPECT_EQ(Find(listing.videos, "Celeb-real/id0_0000.mp4").split, "");
  EXPECT_EQ(listing.open_splits, (Names{"train", "val"}));
  EXPECT_TRUE(listing.warnings.empty()) << listing.warnings.front();
}

TEST_F(CelebDfTest, VersionOneHasTheSameTree) { EXPECT_EQ(tree_.List("celeb-df-v1").videos.size(), 6U); }

TEST_F(CelebDfTest, PicturesInAFolderOfAVideosNameAreThatVideo) {
  tree_.Add({"YouTube-real/00171/000.png", "YouTube-real/00171/001.png"});
  tree_.Write(kList, "1 YouTube-real/00171.mp4\n");
  const auto videos = tree_.List(kName).videos;
  for (const char* id : {"YouTube-real/00171/000.png", "YouTube-real/00171/001.png"}) {
    EXPECT_EQ(Find(videos, id).split, "test");
    EXPECT_EQ(Find(videos, id).keys, Names{"YouTube-real/00171"});
  }
}

TEST_F(CelebDfTest, ListedVideosThatAreAbsentAreCounted) {
  tree_.Write(kList, "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id7_id8_0000.mp4\n");
  EXPECT_EQ(tree_.List(kName).warnings,
            Names{tree_.Name(kList) +
                  ": 1 of the 2 names in it have no file here, such as Celeb-synthesis/id7_id8_0000.mp4"});
}

TEST_F(CelebDfTest, WithoutTheListItSaysThatTheSplitIsItsOwn) {
  std::filesystem::remove(tree_.path() / kList);
  const Listing listing = tree_.List(kName);
  EXPECT_EQ(
      listing.warnings,
      Names{tree_.Name(kList) + ": missing or empty, so the split is Seam's own and not the published one"});
  EXPECT_EQ(listing.open_splits, kSplits);
}

TEST_F(CelebDfTest, BadLinesOfTheListAreNamed) {
  tree_.Write(kList, "1 YouTube-real/00170.mp4\n\n2 YouTube-real/00001.mp4\n");
  EXPECT_EQ(tree_.Message(Dataset(kName)), tree_.Name(kList) + ": line 3: is not '<label> <folder>/<file>'");
  tree_.Write(kList, "0 YouTube-real/00170.mp4\n");
  EXPECT_EQ(tree_.Message(Dataset(kName)),
            tree_.Name(kList) + ": line 1: YouTube-real/00170.mp4 is marked as fake");
}

TEST_F(CelebDfTest, AListMayBeginWithAByteOrderMark) {
  tree_.Write(kList,
              "\xef\xbb\xbf"
              "1 YouTube-real/00170.mp4\n");
  EXPECT_EQ(Find(tree_.List(kName).videos, "YouTube-real/00170.mp4").split, "test");
}

}  // namespace
}  // namespace seam
