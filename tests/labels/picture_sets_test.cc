#include "labels/picture_sets.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(DffdTest, FoldersSayLabelMethodAndSplitAndTheListThatOfCelebA) {
  MadeTree tree;
  tree.Add({"img_align_celeba/000001.jpg", "img_align_celeba/000002.jpg", "img_align_celeba/000003.jpg",
            "ffhq/train/00001.png", "ffhq/validation/00002.png", "pggan_v1/test/a.png",
            "stylegan_ffhq/train/b.png", "masks/c.png"});
  tree.Write("list_eval_partition.txt", "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n");
  const Listing listing = tree.List("auto");
  ASSERT_EQ(listing.videos.size(), 7U);
  const auto split = [&](const char* id) { return Find(listing.videos, id).split; };
  EXPECT_EQ(split("img_align_celeba/000001.jpg"), "train");
  EXPECT_EQ(split("img_align_celeba/000002.jpg"), "val");
  EXPECT_EQ(split("img_align_celeba/000003.jpg"), "test");
  EXPECT_EQ(split("ffhq/validation/00002.png"), "val");
  EXPECT_EQ(split("pggan_v1/test/a.png"), "test");
  EXPECT_EQ(Find(listing.videos, "img_align_celeba/000001.jpg").label, REAL);
  EXPECT_EQ(Find(listing.videos, "stylegan_ffhq/train/b.png").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "stylegan_ffhq/train/b.png").method, "stylegan_ffhq");
  EXPECT_EQ(listing.warnings.size(), 1U) << "masks/c.png";
}

TEST(DffdTest, ALineOfTheListThatNamesNoSplitIsAnErrorWithItsNumber) {
  MadeTree tree;
  tree.Add({"img_align_celeba/000001.jpg", "pggan_v1/test/a.png"});
  tree.Write("list_eval_partition.txt", "000001.jpg 0\n000002.jpg 7\n");
  EXPECT_THAT(tree.Message(Dataset("dffd")), HasSubstr("line 2: '000002.jpg 7' ends with no split"));
}

TEST(CocoFakeTest, APictureAndItsFakesAreOneGroupAndOthersOfCocoAreLeftOut) {
  MadeTree fakes, reals;
  fakes.Add({"train2014/COCO_train2014_000000000009/0.jpg", "train2014/COCO_train2014_000000000009/1.jpg",
             "val2014/COCO_val2014_000000000042/0.jpg"});
  reals.Add({"train2014/COCO_train2014_000000000009.jpg", "train2014/COCO_train2014_000000000025.jpg",
             "val2014/COCO_val2014_000000000042.jpg"});
  LayoutOptions options = Dataset("auto");
  options.reals = reals.path().string();
  const Listing listing = fakes.List(options);
  ASSERT_EQ(listing.videos.size(), 5U);
  const Video real = Find(listing.videos, "reals/train2014/COCO_train2014_000000000009.jpg"),
              fake = Find(listing.videos, "train2014/COCO_train2014_000000000009/1.jpg"),
              test = Find(listing.videos, "val2014/COCO_val2014_000000000042/0.jpg");
  EXPECT_EQ(real.label, REAL);
  EXPECT_EQ(fake.label, FAKE);
  EXPECT_EQ(real.keys, fake.keys);
  EXPECT_EQ(real.split, "");  // train or val, drawn by group
  EXPECT_EQ(test.split, "test");
  EXPECT_THAT(listing.open_splits, ElementsAre("train", "val"));
  EXPECT_THAT(listing.notes, ElementsAre(HasSubstr("1 pictures of COCO are left out")));
  EXPECT_THAT(fakes.Message(Dataset("coco-fake")), HasSubstr("--reals: is missing"));
}

TEST(CifakeTest, NumbersOfRealsAndFakesHaveNothingInCommon) {
  MadeTree tree;
  tree.Add({"train/REAL/0000.jpg", "train/FAKE/0000.jpg", "train/FAKE/0001 (2).jpg", "test/REAL/0000.jpg",
            "test/FAKE/0000 (10).jpg"});
  const Listing listing = tree.List("auto");
  ASSERT_EQ(listing.videos.size(), 5U);
  std::set<Names> keys;
  for (const Video& video : listing.videos) keys.insert(video.keys);
  EXPECT_EQ(keys.size(), 5U);
  EXPECT_EQ(Find(listing.videos, "train/FAKE/0000.jpg").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "train/FAKE/0000.jpg").split, "");
  EXPECT_EQ(Find(listing.videos, "test/REAL/0000.jpg").split, "test");
  EXPECT_EQ(Find(listing.videos, "test/REAL/0000.jpg").label, REAL);
}

TEST(ChallengeTest, TheFirstDigitOfAFolderIsTheLabelAndTheRestTheSource) {
  MadeTree tree;
  tree.Add({"0-CelebA/1.jpg", "1-StarGAN/1.jpg", "1-StyleGAN/deep/2.png", "notes/3.jpg"});
  const Listing listing = tree.List(Dataset("auto"));
  ASSERT_EQ(listing.videos.size(), 3U);
  EXPECT_EQ(Find(listing.videos, "0-CelebA/1.jpg").label, REAL);
  EXPECT_EQ(Find(listing.videos, "0-CelebA/1.jpg").dataset, "challenge");
  EXPECT_EQ(Find(listing.videos, "1-StarGAN/1.jpg").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "1-StarGAN/1.jpg").method, "StarGAN");
  EXPECT_EQ(Find(listing.videos, "1-StyleGAN/deep/2.png").method, "StyleGAN");
  EXPECT_NE(Find(listing.videos, "0-CelebA/1.jpg").keys, Find(listing.videos, "1-StarGAN/1.jpg").keys);
  ASSERT_EQ(listing.warnings.size(), 1U);
  EXPECT_THAT(listing.warnings[0], HasSubstr("notes/3.jpg"));
}

TEST(NamedTest, NamesThatBeginWithThePrefixAreFake) {
  MadeTree tree;
  tree.Add({"F0001.png", "R0001.png", "test/F2.jpg", "test/fine.jpg"});
  LayoutOptions options;
  options.label_prefix = "F";
  const Listing listing = tree.List(options);
  ASSERT_EQ(listing.videos.size(), 4U);
  EXPECT_EQ(Find(listing.videos, "F0001.png").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "R0001.png").label, REAL);
  EXPECT_EQ(Find(listing.videos, "test/F2.jpg").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "test/F2.jpg").split, "test");
  EXPECT_EQ(Find(listing.videos, "test/fine.jpg").label, REAL);  // upper and lower case differ
  EXPECT_THAT(tree.Message(Dataset("named")), HasSubstr("--label-prefix: is missing"));
  options.dataset = "uadfv";
  EXPECT_THAT(tree.Message(options), HasSubstr("--label-prefix: has no meaning for the dataset uadfv"));
}

}  // namespace
}  // namespace seam
