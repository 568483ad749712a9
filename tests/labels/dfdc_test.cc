#include "labels/dfdc.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "labels/split.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

constexpr char kPart0[] = R"({"a.mp4": {"label": "FAKE", "split": "train", "original": "b.mp4"},
                             "b.mp4": {"label": "REAL", "split": "train", "original": null},
                             "gone.mp4": {"label": "FAKE", "split": "train", "original": "b.mp4"}})";

class DfdcTest : public ::testing::Test {
 protected:
  MadeTree tree_;
};

TEST_F(DfdcTest, TakesLabelsAndGroupsFromTheMetadataOfEachPart) {
  tree_.Add({"dfdc_train_part_0/a.mp4", "dfdc_train_part_0/b.mp4", "dfdc_train_part_1/c.mp4",
             "dfdc_train_part_1/new.mp4"});
  tree_.Write("dfdc_train_part_0/metadata.json", kPart0);
  tree_.Write("dfdc_train_part_1/metadata.json", R"({"c.mp4": {"label": "REAL", "split": "train"}})");
  const Listing listing = tree_.List("dfdc");
  ASSERT_EQ(listing.videos.size(), 3U);
  EXPECT_EQ(Find(listing.videos, "dfdc_train_part_0/a.mp4").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "dfdc_train_part_0/a.mp4").keys, Names{"b.mp4"});
  EXPECT_EQ(Find(listing.videos, "dfdc_train_part_0/b.mp4").label, REAL);
  EXPECT_EQ(Find(listing.videos, "dfdc_train_part_0/b.mp4").keys, Names{"b.mp4"});
  EXPECT_EQ(Find(listing.videos, "dfdc_train_part_1/c.mp4").split, "") << "its 'train' says nothing";
  EXPECT_EQ(listing.open_splits, kSplits);
  EXPECT_EQ(
      listing.warnings,
      (Names{tree_.path().string() + ": 1 of the 4 names in metadata.json and labels.csv have no file "
                                     "here, such as dfdc_train_part_0/gone.mp4",
             tree_.path().string() + ": 1 media file lies outside what metadata.json and labels.csv name "
                                     "and is left out, such as dfdc_train_part_1/new.mp4"}));
}

TEST_F(DfdcTest, OnePartAloneIsADataset) {
  tree_.Add({"a.mp4", "b.mp4"});
  tree_.Write("metadata.json", kPart0);
  EXPECT_EQ(tree_.List("dfdc").videos.size(), 2U);
}

TEST_F(DfdcTest, TheVideosOfALabelsFileAreTheTest) {
  tree_.Add({"train/a.mp4", "train/b.mp4", "test/videos/x.mp4", "test/videos/y.mp4"});
  tree_.Write("train/metadata.json", kPart0);
  tree_.Write("test/labels.csv", "filename,label\nx.mp4,1\ny.mp4,0\n");
  const Listing listing = tree_.List("dfdc");
  EXPECT_EQ(Find(listing.videos, "test/videos/x.mp4").split, "test");
  EXPECT_EQ(Find(listing.videos, "test/videos/x.mp4").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "test/videos/y.mp4").label, REAL);
  EXPECT_EQ(listing.open_splits, (Names{"train", "val"}));
}

TEST_F(DfdcTest, PicturesInAFolderOfAVideosNameAreThatVideo) {
  tree_.Add({"a/0.jpg", "b.mp4"});
  tree_.Write("metadata.json", kPart0);
  EXPECT_EQ(Find(tree_.List("dfdc").videos, "a/0.jpg").keys, Names{"b.mp4"});
}

TEST_F(DfdcTest, BadListsAreErrors) {
  tree_.Add({"a.mp4"});
  for (const char* text : {"", "[]", "{\"a.mp4\""}) {
    tree_.Write("metadata.json", text);
    EXPECT_EQ(tree_.Message(Dataset("dfdc")), tree_.Name("metadata.json") + ": is no JSON object");
  }
  for (const char* text : {R"({"a.mp4": 1})", R"({"a.mp4": {}})", R"({"a.mp4": {"label": "MAYBE"}})"}) {
    tree_.Write("metadata.json", text);
    EXPECT_EQ(tree_.Message(Dataset("dfdc")), tree_.Name("metadata.json") + ": says no label for 'a.mp4'");
  }
  std::filesystem::remove(tree_.path() / "metadata.json");
  tree_.Write("labels.csv", "filename,label\n\na.mp4,2\n");
  EXPECT_EQ(tree_.Message(Dataset("dfdc")),
            tree_.Name("labels.csv") + ": line 3: label '2' is neither real (0) nor fake (1)");
  tree_.Write("labels.csv", "name,label\na.mp4,1\n");
  EXPECT_EQ(tree_.Message(Dataset("dfdc")), tree_.Name("labels.csv") + ": has no column 'filename'");
}

TEST_F(DfdcTest, NoListIsAWrongTree) {
  tree_.Add({"a.mp4"});
  EXPECT_EQ(tree_.Message(Dataset("dfdc")), tree_.path().string() + ": is no tree of the dataset dfdc");
  EXPECT_EQ(tree_.Hint(Dataset("dfdc")),
            "expected folders of videos with a metadata.json in each (dfdc_train_part_N/), or a labels.csv; "
            "found: a.mp4");
}

}  // namespace
}  // namespace seam
