#include "labels/list_layout.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;
using testing::HasSubstr;

TEST(ListLayoutTest, AFolderOfListsSaysTheSplits) {
  MadeTree tree;
  tree.Add({"train/a__1.png", "train/a__2.png", "validation/b__1.png", "test/c d.jpg"});
  tree.Write("train.txt", "train/a__1.png 0\r\n\ntrain/a__2.png 0\n");
  tree.Write("validation.txt", "validation/b__1.png 1\n");
  tree.Write("test.txt", "test/c d.jpg\tfake\n");
  tree.Write("list.txt", "train/a__1.png 0\nvalidation/b__1.png 1\n");
  const Listing listing = tree.List(Dataset("auto"));
  ASSERT_EQ(listing.videos.size(), 4U);
  EXPECT_TRUE(listing.warnings.empty());
  const Video& spaced = listing.videos[0];
  EXPECT_EQ(spaced.id, "test/c d.jpg");
  EXPECT_EQ(spaced.path, tree.path() / "test/c d.jpg");
  EXPECT_EQ(spaced.dataset, "list");
  EXPECT_EQ(spaced.label, FAKE);
  EXPECT_EQ(spaced.split, "test");
  EXPECT_EQ(listing.videos[1].id, "train/a__1.png");
  EXPECT_EQ(listing.videos[1].label, REAL);
  EXPECT_EQ(listing.videos[1].split, "train");
  EXPECT_EQ(listing.videos[1].keys, Names{"a"});  // both are frames of one video
  EXPECT_EQ(listing.videos[2].keys, Names{"a"});
  EXPECT_EQ(listing.videos[3].split, "val");
}

TEST(ListLayoutTest, NamesOfFaceForensicsTellMethodTargetAndSource) {
  MadeTree tree;
  tree.Write("list.txt", "manipulated_Face2Face_c23_000_003__12.jpg 1\noriginal_c23_000__3.jpg 0\n");
  const Listing listing = tree.List(Dataset("list"));
  ASSERT_EQ(listing.videos.size(), 2U);
  EXPECT_EQ(listing.videos[0].method, "Face2Face");
  EXPECT_EQ(listing.videos[0].keys, (Names{"000", "003"}));
  EXPECT_EQ(listing.videos[1].keys, Names{"000"});
  EXPECT_EQ(listing.videos[0].split, "");
  ASSERT_EQ(listing.warnings.size(), 1U);
  EXPECT_THAT(listing.warnings[0], HasSubstr("2 of 2 lines have no file, such as manipulated_Face2Face"));
}

TEST(ListLayoutTest, WrongLinesAreNamed) {
  MadeTree tree;
  tree.Add({"a.jpg"});
  tree.Write("list.txt", "a.jpg 0\nb.jpg\n");
  EXPECT_EQ(tree.Message(Dataset("list")), tree.Name("list.txt") + ": line 2: 'b.jpg' is not `path label`");
  tree.Write("list.txt", "a.jpg 0\na.jpg 1\n");
  EXPECT_EQ(tree.Message(Dataset("list")), tree.Name("list.txt") + ": line 2: 'a.jpg' stands in " +
                                               tree.Name("list.txt") + ": line 1 as well");
  tree.Write("list.txt", "\n");
  EXPECT_THAT(tree.Message(Dataset("list")), HasSubstr("has no lines"));
}

// A list of other things, called train.txt, is no sign of a dataset.
TEST(ListLayoutTest, OtherTextsAreNotTakenForLists) {
  MadeTree tree;
  tree.Add({"real/a.mp4", "fake/b.mp4"});
  tree.Write("train.txt", "how we trained\n");
  EXPECT_EQ(ChooseLayout(LayoutOptions(), tree.path()).name, "folder");
}

}  // namespace
}  // namespace seam
