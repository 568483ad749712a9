#include "labels/csv_layout.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

class CsvLayoutTest : public ::testing::Test {
 protected:
  CsvLayoutTest() { tree_.Add({"a/1.mp4", "b.jpg"}); }

  // With the table as the root.
  Listing List(const std::string& table, const LayoutOptions& options = Dataset("auto")) {
    tree_.Write("labels.csv", table);
    const auto root = tree_.path() / "labels.csv";
    return ListDataset(ChooseLayout(options, root), options, root);
  }
  std::string Message(const std::string& table) {
    const std::string message = CatchMessage([&] { List(table); });
    const std::string file = tree_.Name("labels.csv") + ": ";
    return message.starts_with(file) ? message.substr(file.size()) : message;
  }
  MadeTree tree_;
};

TEST_F(CsvLayoutTest, TakesAllColumnsInAnyOrder) {
  const auto videos =
      List("group,Label,path,method,split\nanna,FAKE,a/1.mp4,FaceSwap,train\nbea,0,b.jpg,,valid\n").videos;
  ASSERT_EQ(videos.size(), 2U);
  EXPECT_EQ(videos[0].id, "a/1.mp4");
  EXPECT_EQ(videos[0].path, tree_.path() / "a/1.mp4");
  EXPECT_EQ(videos[0].label, FAKE);
  EXPECT_EQ(videos[0].method, "FaceSwap");
  EXPECT_EQ(videos[0].split, "train");
  EXPECT_EQ(videos[0].keys, Names{"group anna"});
  EXPECT_EQ(videos[1].label, REAL);
  EXPECT_EQ(videos[1].split, "val");
}

TEST_F(CsvLayoutTest, WithoutAGroupTheNameIsTheKey) {
  EXPECT_EQ(List("path,label\na/1.mp4,1\n").videos.at(0).keys, Names{"1"});
  LayoutOptions options;
  options.group_by = "(.)pg";
  EXPECT_NE(CatchMessage([&] { List("path,label\na/1.mp4,1\n", options); }).find("matches no file name"),
            std::string::npos);
}

TEST_F(CsvLayoutTest, PathsAreBelowTheInputWhereTheTableIsAnOption) {
  MadeTree elsewhere;
  elsewhere.Write("t.csv", "path,label\nb.jpg,real\n");
  LayoutOptions options;
  options.csv = elsewhere.Name("t.csv");
  EXPECT_EQ(tree_.List(options).videos.at(0).path, tree_.path() / "b.jpg");
}

TEST_F(CsvLayoutTest, ARowWithoutAFileIsListedAndCounted) {
  const Listing listing = List("path,label\na/1.mp4,1\ngone.mp4,0\n");
  EXPECT_EQ(listing.videos.size(), 2U);
  EXPECT_EQ(listing.warnings,
            Names{tree_.Name("labels.csv") + ": 1 of 2 rows have no file, such as gone.mp4"});
}

TEST_F(CsvLayoutTest, BadRowsAreNamedWithTheirLine) {
  EXPECT_EQ(Message("path,label\n\na/1.mp4,maybe\n"),
            "line 3: label 'maybe' is neither real (0) nor fake (1)");
  EXPECT_EQ(Message("path,label\n,1\n"), "line 2: the path is empty");
  EXPECT_EQ(Message("path,label\na/1.mp4\n"), "line 2: 1 fields, but the first line names 2");
  EXPECT_EQ(Message("path,label,split\na/1.mp4,1,dev\n"), "line 2: split 'dev' is not train, val or test");
  EXPECT_EQ(Message("path,label,split\na/1.mp4,1,\n"), "line 2: split '' is not train, val or test");
  EXPECT_EQ(Message("path,label\nb.jpg,1\n./b.jpg,1\n"), "line 3: 'b.jpg' stands in the table twice");
  EXPECT_EQ(Message("path,label\na,1\n"), "line 2: 'a' is a folder");
  EXPECT_EQ(Message("path,label\n"), "has no rows");
  EXPECT_EQ(Message("path\nb.jpg\n"), "has no column 'label'");
  EXPECT_EQ(Message(""), "is empty");
}

TEST_F(CsvLayoutTest, AFolderNeedsTheTable) {
  EXPECT_EQ(tree_.Message(Dataset("csv")), "--csv: is missing: --input is a folder");
}

TEST_F(CsvLayoutTest, NumberedPicturesOfAFolderAreOneVideoUnlessAGroupIsGiven) {
  const Listing listing = List("path,label\nv/1.png,1\nv/2.png,1\n");
  EXPECT_EQ(listing.videos.at(0).keys, Names{"v"});
  EXPECT_EQ(listing.notes.size(), 1U);
  const Listing grouped = List("path,label,group\nv/1.png,1,a\nv/2.png,1,b\n");
  EXPECT_EQ(grouped.videos.at(1).keys, Names{"group b"});
  EXPECT_TRUE(grouped.notes.empty());
}

TEST_F(CsvLayoutTest, TakesOtherNamesOfTheColumnsAndPathsOfWindows) {
  for (const char* names : {"File Path,Class", "video_path,target", "image,is_fake"}) {
    const auto videos = List(std::string(names) + "\na\\1.mp4,1\nb.jpg,0\n").videos;
    ASSERT_EQ(videos.size(), 2U) << names;
    EXPECT_EQ(videos[0].path, tree_.path() / "a/1.mp4");
    EXPECT_EQ(videos[0].label, FAKE);
    EXPECT_EQ(videos[1].label, REAL);
  }
}

TEST_F(CsvLayoutTest, JsonIsNamed) {
  for (const char* text : {R"({"a.mp4": {"label": "FAKE", "split": "train"}, "b.mp4": {"label": "REAL"}})",
                           R"([{"path": "a.mp4", "label": 1}])"})
    EXPECT_EQ(Message(text), "is JSON, not a CSV file");
}

TEST_F(CsvLayoutTest, AColumnThatStandsTwiceIsAnError) {
  EXPECT_EQ(Message("path,label,Path\na/1.mp4,1,b.jpg\n"), "names the column 'path' twice");
}

TEST_F(CsvLayoutTest, AZeroByteInAPathIsAnErrorWithItsLine) {
  EXPECT_EQ(Message(std::string("path,label\na/\0.mp4,1\n", 21)), "line 2: the path holds a zero byte");
}

}  // namespace
}  // namespace seam
