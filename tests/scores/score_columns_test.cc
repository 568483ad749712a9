#include "scores/score_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "scores/score_file.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Foreign {
  std::vector<ScoreRow> rows;
  std::vector<std::string> assumed;
};

Foreign Read(const std::string& text, const std::string& columns = "") {
  const TemporaryFolder folder;
  WriteFile(folder / "scores.csv", text);
  Foreign foreign;
  foreign.rows =
      ReadForeignScores(folder / "scores.csv", ScoreColumns("--columns", columns), &foreign.assumed);
  return foreign;
}

TEST(ScoreColumnsTest, OwnFilesAssumeNothing) {
  EXPECT_THAT(Read("path,status,score,label\na.mp4,ok,0.5,fake\n").assumed, IsEmpty());
}

TEST(ScoreColumnsTest, WorkbenchFilesAreRead) {
  const Foreign foreign = Read(
      "dataset,key,compression,label,score,status\nff,a/001.mp4,c23,1,0.75,ok\nff,a/"
      "002.mp4,c23,0,,missing\n");
  EXPECT_THAT(foreign.assumed, ElementsAre("column 'key' is taken for the path"));
  ASSERT_EQ(foreign.rows.size(), 2u);
  EXPECT_EQ(foreign.rows[0].path, "a/001.mp4");
  EXPECT_EQ(foreign.rows[0].dataset, "ff");
  EXPECT_EQ(foreign.rows[0].label, FAKE);
  EXPECT_EQ(foreign.rows[1].label, REAL);
  EXPECT_FALSE(foreign.rows[1].score);
}

TEST(ScoreColumnsTest, SubmissionCallsItsScoresLabel) {
  const Foreign foreign = Read("filename,label\na.mp4,0.25\nb.mp4,1\n");
  EXPECT_THAT(foreign.assumed, ElementsAre("column 'filename' is taken for the path",
                                           HasSubstr("column 'label' holds the scores")));
  EXPECT_EQ(foreign.rows[0].score, 0.25);
  EXPECT_FALSE(foreign.rows[1].label);
}

TEST(ScoreColumnsTest, ByteOrderMarkSemicolonsAndLabelsInWordsAreRead) {
  const Foreign foreign = Read("\xef\xbb\xbfvideo;prob;target\r\na.mp4;0,25;FAKE\r\nb.mp4;0,5;real\r\n");
  EXPECT_THAT(foreign.assumed,
              ElementsAre("column 'video' is taken for the path", "column 'prob' is taken for the score",
                          "column 'target' is taken for the label",
                          testing::StartsWith("semicolons or tabs separate the fields")));
  EXPECT_EQ(foreign.rows[0].score, 0.25);
  EXPECT_EQ(foreign.rows[0].label, FAKE);
  EXPECT_EQ(foreign.rows[1].label, REAL);
}

TEST(ScoreColumnsTest, ColumnsThatTheUserNamesWin) {
  const std::string text = "path,score,mine,truth\na.mp4,0.1,0.9,1\n";
  const Foreign foreign = Read(text, "score=mine,label=Truth");
  EXPECT_THAT(foreign.assumed, IsEmpty());
  EXPECT_EQ(foreign.rows[0].score, 0.9);
  EXPECT_EQ(foreign.rows[0].label, FAKE);
  EXPECT_THAT(CatchMessage([&] { Read(text, "score=absent"); }), HasSubstr("has no column 'absent'"));
}

TEST(ScoreColumnsTest, MappingThatMakesNoSenseIsWrongUsage) {
  for (const char* mapping : {"score", "score=", "colour=a", "score=a,score=b"})
    EXPECT_THAT(CatchMessage([&] { ScoreColumns("--columns", mapping); }), HasSubstr("--columns: "))
        << mapping;
}

TEST(ScoreColumnsTest, FramesOfABenchmarkBecomeVideos) {
  const Foreign foreign = Read(
      "img_path,pred,label\nFF/c23/frames/001/003.png,0.5,1\nFF/c23/frames/001/010.png,1,1\n"
      "FF/c23/frames/002/003.png,0.25,0\n");
  ASSERT_EQ(foreign.rows.size(), 2u);
  EXPECT_EQ(foreign.rows[0].path, "FF/c23/frames/001");
  EXPECT_EQ(foreign.rows[0].score, 0.75);
  EXPECT_EQ(foreign.rows[0].frames, 2);
  EXPECT_THAT(foreign.rows[0].frame_scores, ElementsAre(0.5, 1));
  EXPECT_THAT(foreign.assumed, testing::Contains(HasSubstr("3 rows are single frames of 2 videos")));
  EXPECT_THAT(
      CatchMessage([] { Read("path,score,label\na/frames/1/1.png,0.5,1\na/frames/1/2.png,0.5,0\n"); }),
      HasSubstr("has real and fake frames"));
}

}  // namespace
}  // namespace seam
