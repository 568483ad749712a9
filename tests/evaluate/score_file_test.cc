#include "evaluate/score_file.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

std::vector<ScoreRow> Read(const std::string& text) {
  const TemporaryFolder folder;
  WriteFile(folder / "scores.csv", text);
  return ReadScoreFile(folder / "scores.csv");
}

// The message without the file's name, which it has to begin with.
std::string MessageFor(const std::string& text) {
  const TemporaryFolder folder;
  WriteFile(folder / "scores.csv", text);
  const auto message = MessageOf([&] { ReadScoreFile(folder / "scores.csv"); });
  const std::string file = (folder / "scores.csv").string() + ": ";
  EXPECT_TRUE(message.empty() || message.starts_with(file)) << message;
  return message.substr(message.empty() ? 0 : file.size());
}

TEST(ScoreFileTest, TheHeaderNamesTheColumns) {
  EXPECT_EQ(
      ScoreFileHeader(),
      "path,status,score,probability,threshold,verdict,label,frames,faces,tracks,seconds,reason,note\n");
}

TEST(ScoreFileTest, ALineHasShortNumbersAndEmptyFields) {
  ScoreRow row;
  row.path = "a, \"b\".mp4";
  row.status = "ok";
  row.score = 0.1;
  row.verdict = "real";
  row.frames = 32;
  row.seconds = 4.5;
  EXPECT_EQ(ScoreFileLine(row), "\"a, \"\"b\"\".mp4\",ok,0.1,,,real,,32,0,0,4.5,,\n");
  row.label = 1;
  row.score.reset();
  EXPECT_EQ(ScoreFileLine(row), "\"a, \"\"b\"\".mp4\",ok,,,,real,fake,32,0,0,4.5,,\n");
}

TEST(ScoreFileTest, RowsComeBackExactly) {
  ScoreRow row;
  row.path = " a\nb,\xff.mp4 ";
  row.status = "damaged";
  row.verdict = "fake";
  row.label = 0;
  row.frames = 1;
  row.faces = 2;
  row.tracks = 3;
  row.seconds = 1.0 / 3;
  row.reason = "Invalid data, \"twice\"";
  for (const double score : {0.0, 1.0, 1.0 / 3, 5e-324, std::nextafter(1.0, 0.0), 1e-7}) {
    row.score = score;
    const auto rows = Read(ScoreFileHeader() + ScoreFileLine(row));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].path, row.path);
    EXPECT_EQ(rows[0].status, row.status);
    EXPECT_EQ(rows[0].score, row.score);
    EXPECT_EQ(rows[0].verdict, row.verdict);
    EXPECT_EQ(rows[0].label, row.label);
    EXPECT_EQ(rows[0].frames, 1);
    EXPECT_EQ(rows[0].faces, 2);
    EXPECT_EQ(rows[0].tracks, 3);
    EXPECT_EQ(rows[0].seconds, row.seconds);
    EXPECT_EQ(rows[0].reason, row.reason);
  }
}

TEST(ScoreFileTest, AScoreThatIsNoProbabilityIsNotWritten) {
  ScoreRow row;
  row.path = "a.mp4";
  for (const double score :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -0.1, 1.1}) {
    row.score = score;
    EXPECT_NE(MessageOf([&] { ScoreFileLine(row); }).find("a.mp4: score "), std::string::npos) << score;
  }
  row.score = 0.5;
  row.seconds = std::numeric_limits<double>::infinity();
  EXPECT_EQ(MessageOf([&] { ScoreFileLine(row); }), "a.mp4: inf seconds is not a duration");
}

TEST(ScoreFileTest, ColumnsAreFoundByNameInAnyOrder) {
  const auto rows = Read("Score , extra,PATH\r\n0.25,x,a.mp4\r\n,y,b.mp4\r\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].path, "a.mp4");
  EXPECT_EQ(rows[0].score, 0.25);
  EXPECT_EQ(rows[0].status, "ok");
  EXPECT_EQ(rows[1].score, std::nullopt);
  EXPECT_EQ(rows[1].status, "");
  EXPECT_EQ(rows[1].label, std::nullopt);
}

TEST(ScoreFileTest, LabelsAreWordsOrNumbers) {
  const auto rows = Read("path,score,label\na,0,0\nb,0,1\nc,0,Real\nd,0,FAKE\ne,0,\n");
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].label, 0);
  EXPECT_EQ(rows[1].label, 1);
  EXPECT_EQ(rows[2].label, 0);
  EXPECT_EQ(rows[3].label, 1);
  EXPECT_EQ(rows[4].label, std::nullopt);
}

TEST(ScoreFileTest, ABadFieldNamesItsLine) {
  for (const std::string score : {"nan", "inf", "-0.1", "1.5", "high", "0.5x", "0,5"}) {
    const auto message = MessageFor("path,score\na.mp4,0.5\nb.mp4,\"" + score + "\"\n");
    EXPECT_EQ(message, "line 3: score '" + score + "' is not a number from 0 to 1");
  }
  EXPECT_EQ(MessageFor("path,score,label\n\"a\nb\",0.5,1\nc,0.5,2\n"),
            "line 4: label '2' is neither real (0) nor fake (1)");
  EXPECT_EQ(MessageFor("path,score,frames\na,0.5,-3\n"), "line 2: frames '-3' is not a count");
  EXPECT_EQ(MessageFor("path,score,tracks\na,0.5,99999999999\n"),
            "line 2: tracks '99999999999' is not a count");
  EXPECT_EQ(MessageFor("path,score,seconds\na,0.5,inf\n"), "line 2: seconds 'inf' is not a duration");
  EXPECT_EQ(MessageFor("path,score\n,0.5\n"), "line 2: the path is empty");
  EXPECT_EQ(MessageFor("path,score\na,0.5,1\n"), "line 2: 3 fields, but the first line names 2");
}

TEST(ScoreFileTest, AMissingColumnIsNamed) {
  EXPECT_EQ(MessageFor("path,probability\na,0.5\n"), "has no column 'score'");
  EXPECT_EQ(MessageFor("video,score\na,0.5\n"), "has no column 'path'");
  EXPECT_EQ(MessageFor(""), "is empty");
}

TEST(ScoreFileTest, AMissingFileIsAnError) {
  EXPECT_EQ(MessageOf([] { ReadScoreFile("/nowhere/s.csv"); }),
            "/nowhere/s.csv: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace seam
