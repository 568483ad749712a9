#include "scores/score_file.h"

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
  const auto message = CatchMessage([&] { ReadScoreFile(folder / "scores.csv"); });
  const std::string file = (folder / "scores.csv").string() + ": ";
  EXPECT_TRUE(message.empty() || message.starts_with(file)) << message;
  return message.substr(message.empty() ? 0 : file.size());
}

TEST(ScoreFileTest, TheHeaderNamesTheColumns) {
  EXPECT_EQ(ScoreFileHeader(),
            "path,status,score,probability,threshold,verdict,label,frames,faces,tracks,seconds,reason,note,"
            "networks,worst_tile\n");
}

TEST(ScoreFileTest, ALineHasShortNumbersAndEmptyFields) {
  ScoreRow row;
  row.path = "a, \"b\".mp4";
  row.status = Status::kOk;
  row.score = 0.1;
  row.verdict = Verdict::kReal;
  row.frames = 32;
  row.seconds = 4.5;
  EXPECT_EQ(ScoreFileLine(row), "\"a, \"\"b\"\".mp4\",ok,0.1,,,real,,32,0,0,4.5,,,,\n");
  row.label = FAKE;
  row.score.reset();
  EXPECT_EQ(ScoreFileLine(row), "\"a, \"\"b\"\".mp4\",ok,,,,real,fake,32,0,0,4.5,,,,\n");
}

TEST(ScoreFileTest, RowsComeBackExactly) {
  ScoreRow row;
  row.path = " a\nb,\xff.mp4 ";
  row.status = Status::kDamaged;
  row.verdict = Verdict::kFake;
  row.label = REAL;
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
    EXPECT_NE(CatchMessage([&] { ScoreFileLine(row); }).find("a.mp4: score "), std::string::npos) << score;
  }
  row.score = 0.5;
  row.seconds = std::numeric_limits<double>::infinity();
  EXPECT_EQ(CatchMessage([&] { ScoreFileLine(row); }), "a.mp4: inf seconds is not a duration");
}

TEST(ScoreFileTest, ColumnsAreFoundByNameInAnyOrder) {
  const auto rows = Read("Score , extra,PATH\r\n0.25,x,a.mp4\r\n,y,b.mp4\r\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].path, "a.mp4");
  EXPECT_EQ(rows[0].score, 0.25);
  EXPECT_EQ(rows[0].status, Status::kOk);
  EXPECT_EQ(rows[1].score, std::nullopt);
  EXPECT_EQ(rows[1].status, Status::kOther);
  EXPECT_EQ(rows[1].label, std::nullopt);
}

TEST(ScoreFileTest, LabelsAreWordsOrNumbers) {
  const auto rows = Read(
      "path,score,label\na,0,0\nb,0,1\nc,0,Real\nd,0,FAKE\ne,0,\nf,0,0.0\ng,0,1.0\nh,0,False\ni,0,True\n");
  ASSERT_EQ(rows.size(), 9U);
  for (const std::size_t i : {5U, 7U}) EXPECT_EQ(rows[i].label, REAL);
  for (const std::size_t i : {6U, 8U}) EXPECT_EQ(rows[i].label, FAKE);
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
  EXPECT_EQ(MessageFor("name,score\na,0.5\n"), "has no column 'path'");
  EXPECT_EQ(MessageFor(""), "is empty");
}

TEST(ScoreFileTest, SpreadsheetsOfOtherCountriesAreRead) {
  const auto rows = Read("path;score;seconds;label\n\"a;b,mp4\";0,25;1,5;1\nb.mp4;0.75;;0\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].path, "a;b,mp4");
  EXPECT_EQ(rows[0].score, 0.25);
  EXPECT_EQ(rows[0].seconds, 1.5);
  EXPECT_EQ(rows[1].score, 0.75);
  EXPECT_EQ(Read("path\tscore\na b.mp4\t0.5\n").at(0).path, "a b.mp4");
  EXPECT_EQ(MessageFor("path;score\na;1,000,5\n"), "line 2: score '1,000,5' is not a number from 0 to 1");
}

TEST(ScoreFileTest, Utf16IsRead) {
  std::string bytes = "\xff\xfe";
  for (const char c : std::string("path,score\n\x01.mp4,0.5\n")) {
    bytes += c == 1 ? '\xe9' : c;  // U+00E9
    bytes += '\0';
  }
  EXPECT_EQ(Read(bytes).at(0).path, "\xc3\xa9.mp4");
}

TEST(ScoreFileTest, ASubmissionCallsItsScoresLabels) {
  const auto rows = Read("filename,label\na.mp4,0.25\nb.mp4,1\n");
  EXPECT_EQ(rows.at(0).score, 0.25);
  EXPECT_EQ(rows.at(1).score, 1);
  EXPECT_FALSE(rows[1].label.has_value());
  EXPECT_EQ(MessageFor("filename,label\na.mp4,0\nb.mp4,1\n"), "has labels, but no column 'score'");
}

ScoreRow RowWithPeople() {
  ScoreRow row;
  row.path = "a\xff.mp4";
  row.status = Status::kOk;
  row.score = 0.75;
  row.threshold = 0.5;
  row.verdict = Verdict::kFake;
  row.label = FAKE;
  row.frames = 8;
  row.tracks = 3;
  row.small_faces = 2;
  row.seconds = 1.5;
  row.aggregate = "mean";
  row.reason = "1 of 2 windows dropped";
  row.cautions = {HdrFilm("HLG"), SmallFace(20)};
  row.note = "faces are found by hog";
  row.people[0].clips = {{{{4, 0.25, {1, 2, 30.12345F, 40}, false}, {5, 0.5, {1, 2, 30, 40}, true}}, 0.75}};
  row.people[2].clips = {{{{6, 0.75, {}, false}}, 0.9}};
  row.people[2].counts = false;
  return row;
}

TEST(ScoreJsonTest, ALineHasEveryoneAndWhatTheVerdictRestsOn) {
  EXPECT_EQ(
      ScoreFileLine(RowWithPeople(), ScoreFileForm::kJsonLines),
      R"({"path":"a\\xff.mp4","status":"ok","score":0.75,"probability":null,"threshold":0.5,"verdict":"fake",)"
      R"("label":1,"frames":8,"faces":0,"people":3,"small_faces":2,"seconds":1.5,"aggregate":"mean",)"
      R"("reason":"1 of 2 windows dropped; an HDR film (HLG): its colours were mapped to the usual range; )"
      R"(the face is very small: 20 pixels","cautions":[{"kind":"hdr","words":"an HDR film (HLG): its colours )"
      R"(were mapped to the usual range"},{"kind":"small_face","words":"the face is very small: 20 pixels"}],)"
      R"("note":"faces are found by hog","tracks":[{"track":0,"score":0.0,"counts":true,"first_seconds":0.25,)"
      R"("last_seconds":0.5,"windows":[{"score":0.75,"frames":[{"index":4,"pts_seconds":0.25,)"
      R"("box":[1.0,2.0,30.123,40.0]},{"index":5,"pts_seconds":0.5,"box":[1.0,2.0,30.0,40.0],)"
      R"("interpolated":true}]}]},{"track":2,"score":null,"counts":false,"first_seconds":0.75,)"
      R"("last_seconds":0.75,"frames":[{"index":6,"pts_seconds":0.75,"box":[0.0,0.0,0.0,0.0],"score":0.9}]}]})"
      "\n");
}

// A row that was read in one form and written in the other says the same.
TEST(ScoreJsonTest, BothFormsSayTheSame) {
  const TemporaryFolder folder;
  const ScoreRow row = RowWithPeople();
  WriteFile(folder / "s.jsonl", ScoreFileLine(row, ScoreFileForm::kJsonLines));
  ScoreRow back = ReadScoreFile(folder / "s.jsonl").at(0);
  EXPECT_EQ(back.cautions, row.cautions);
  EXPECT_EQ(back.reason, row.reason);
  EXPECT_EQ(back.small_faces, 2);
  EXPECT_EQ(back.frame_scores, std::vector<double>{0.75}) << "who does not count is not measured";
  back.path = row.path;
  EXPECT_EQ(ScoreFileLine(back), ScoreFileLine(row));
  EXPECT_EQ(Read(ScoreFileHeader() + ScoreFileLine(row)).at(0).reason, ListReasons(row));
}

TEST(WholeRowsTest, WhatWasCutOffWhileItWasWrittenIsLeftOut) {
  ScoreRow row = RowWithPeople();
  row.path = "a\n\"b\".mp4";
  for (const ScoreFileForm form : {ScoreFileForm::kCsv, ScoreFileForm::kJsonLines}) {
    const std::string head = ScoreFileHeader(form), line = ScoreFileLine(row, form);
    const std::string text = head + line + line;
    for (std::size_t length = 0; length <= text.size(); ++length) {
      const WholeRows whole = ReadWholeRows("s", text.substr(0, length), form);
      const std::size_t rows = length < head.size() + line.size() ? 0 : length < text.size() ? 1 : 2;
      ASSERT_EQ(whole.rows.size(), rows) << length;
      ASSERT_EQ(whole.ends.size(), rows) << length;
      if (rows > 0) {
        ASSERT_EQ(whole.ends[0], head.size() + line.size());
      }
    }
  }
}

TEST(ScoreFileTest, AMissingFileIsAnError) {
  EXPECT_EQ(CatchMessage([] { ReadScoreFile("/nowhere/s.csv"); }),
            "/nowhere/s.csv: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace seam
