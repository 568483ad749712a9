#include "infer/resume.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "scores/score_file.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Record = nlohmann::ordered_json;

class ResumeTest : public ::testing::Test {
 protected:
  static std::string Line(const std::string& path, const std::string& status = "ok",
                          const std::string& verdict = "real") {
    ScoreRow row;
    row.path = path;
    row.status = ReadStatus(status);
    row.verdict = ParseVerdict(verdict);
    return ScoreFileLine(row);
  }
  static std::string JsonLine(const std::string& path) {
    return Record{{"path", path}, {"status", "ok"}, {"verdict", "real"}}.dump() + "\n";
  }
  // Files as a run with `record` would have left them.
  void Leave(const std::string& csv, const std::string& jsonl = "") {
    WriteRecord(files_, record_);
    WriteFile(files_.output, csv);
    if (!files_.jsonl.empty()) WriteFile(files_.jsonl, jsonl);
  }

  TemporaryFolder folder_;
  ReportOptions files_ = {.output = (folder_ / "s.csv").string(), .jsonl = ""};
  Record record_ = {{"model_sha256", "abc"}, {"frames", 32}};
};

TEST_F(ResumeTest, WithoutAFileThereIsNothingEarlier) { EXPECT_TRUE(TakeUp(files_, record_).paths.empty()); }

TEST_F(ResumeTest, WholeRowsStayAndAHalfWrittenOneGoes) {
  const std::string whole = ScoreFileHeader() + Line("a.mp4") + Line("b \"2\",\n.mp4", "unreadable", "error");
  Leave(whole + "c.mp4,ok,0.5");
  const EarlierRows earlier = TakeUp(files_, record_);
  EXPECT_EQ(earlier.paths, (std::set<std::string>{"a.mp4", "b \"2\",\n.mp4"}));
  EXPECT_EQ(earlier.verdicts, (std::multiset<Verdict>{Verdict::kError, Verdict::kReal}));
  EXPECT_EQ(earlier.failed, 1U);
  EXPECT_EQ(ReadFile(files_.output), whole);
}

TEST_F(ResumeTest, AFileThatSomebodyChangedAfterItsRunIsNotGoneOnWith) {
  const std::string whole = ScoreFileHeader() + Line("a.mp4");
  Leave(whole);
  SealRecord(files_, record_);
  EXPECT_EQ(TakeUp(files_, record_).paths.size(), 1U);
  WriteFile(files_.output, whole + Line("b.mp4"));
  EXPECT_EQ(CatchMessage([&] { TakeUp(files_, record_); }),
            files_.output + ": has changed since its run ended");
}

TEST_F(ResumeTest, ALineEndInTheNameOfAHalfWrittenRowIsNoRow) {
  const std::string whole = ScoreFileHeader() + Line("a.mp4");
  Leave(whole + "\"b\nc.mp4");
  EXPECT_EQ(TakeUp(files_, record_).paths.size(), 1U);
  EXPECT_EQ(ReadFile(files_.output), whole);
}

TEST_F(ResumeTest, ARowThatOnlyOneOfTwoFilesHasIsMadeAgain) {
  files_.jsonl = (folder_ / "s.jsonl").string();
  Leave(ScoreFileHeader() + Line("a.mp4") + Line("b.mp4"),
        JsonLine("a.mp4") + JsonLine("b.mp4").substr(0, 9));
  EXPECT_EQ(TakeUp(files_, record_).paths, std::set<std::string>{"a.mp4"});
  EXPECT_EQ(ReadFile(files_.output), ScoreFileHeader() + Line("a.mp4"));
  EXPECT_EQ(ReadFile(files_.jsonl), JsonLine("a.mp4"));
}

TEST_F(ResumeTest, RowsOfAnotherModelOrOtherSettingsAreRefused) {
  const std::string whole = ScoreFileHeader() + Line("a.mp4") + "half";
  Leave(whole);
  const auto message = [&](const Record& record) {
    return CatchMessage([&] { TakeUp(files_, record); }).substr(files_.output.size() + 2);
  };
  EXPECT_EQ(message({{"model_sha256", "abd"}, {"frames", 32}}),
            "was made with another model_sha256: \"abc\", not \"abd\"");
  EXPECT_EQ(message({{"model_sha256", "abc"}, {"frames", 16}}), "was made with another frames: 32, not 16");
  EXPECT_EQ(message({{"model_sha256", "abc"}}), "was made with another frames: 32, not none");
  EXPECT_EQ(ReadFile(files_.output), whole);
}

TEST_F(ResumeTest, RowsOfUnknownOriginAreRefused) {
  WriteFile(files_.output, ScoreFileHeader() + Line("a.mp4"));
  const std::string file = files_.output;
  EXPECT_EQ(CatchMessage([&] { TakeUp(files_, record_); }),
            file + ": has rows, but " + file + ".run.json is missing");
  WriteFile(file + ".run.json", "{\"frames\": 3");
  EXPECT_EQ(CatchMessage([&] { TakeUp(files_, record_); }), file + ".run.json: is damaged");
  WriteFile(file, "some,other\nfile,here\n");
  EXPECT_EQ(CatchMessage([&] { TakeUp(files_, record_); }),
            file + ": is no score file, or one of another version of Seam");
}

TEST_F(ResumeTest, ARecordIsWrittenBesideEachFile) {
  files_.jsonl = (folder_ / "s.jsonl").string();
  WriteRecord(files_, record_);
  for (const std::string& file : {files_.output, files_.jsonl})
    EXPECT_EQ(Record::parse(ReadFile(file + ".run.json")), record_);
  RemoveRecord(files_);
  EXPECT_FALSE(std::filesystem::exists(files_.output + ".run.json"));
}

}  // namespace
}  // namespace seam
