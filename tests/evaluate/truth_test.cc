#include "evaluate/truth.h"

#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

ScoreRow Row(const std::string& path, std::optional<int> label = std::nullopt) {
  ScoreRow row;
  row.path = path;
  row.score = 0.5;
  if (label) row.label = *label == 1 ? FAKE : REAL;
  return row;
}

TruthTable Table(const std::map<std::string, int>& labels) {
  TruthTable table;
  for (const auto& [path, label] : labels) table.videos[path].label = label == 1 ? FAKE : REAL;
  return table;
}

std::string MessageFor(const std::string& text) {
  const TemporaryFolder folder;
  WriteFile(folder / "l.csv", text);
  const auto message = CatchMessage([&] { ReadTruth(folder / "l.csv"); });
  return message.substr(message.empty() ? 0 : (folder / "l.csv").string().size() + 2);
}

TEST(ReadTruthTest, JsonOfLabelsIsRead) {
  const TemporaryFolder folder;
  const std::string texts[] = {
      R"({"a.mp4": {"label": "REAL", "split": "train", "original": null}, "b.mp4": {"label": "FAKE"}})",
      R"({"a.mp4": "real", "b.mp4": 1})",
      R"([{"path": "a.mp4", "label": 0}, {"filename": "b.mp4", "label": "fake"}])"};
  for (const std::string& text : texts) {
    WriteFile(folder / "metadata.json", text);
    const TruthTable truth = ReadTruth(folder / "metadata.json");
    ASSERT_EQ(truth.videos.size(), 2U) << text;
    EXPECT_EQ(truth.videos.at("a.mp4").label, 0);
    EXPECT_EQ(truth.videos.at("b.mp4").label, 1);
  }
  for (const std::string text :
       {"", "3", "{", R"({"a.mp4": {}})", R"([{"label": 1}])", R"({"a.mp4": "maybe"})"}) {
    WriteFile(folder / "metadata.json", text);
    EXPECT_NE(CatchMessage([&] { ReadTruth(folder / "metadata.json"); }), "") << text;
  }
}

TEST(ApplyTruthTest, ExactPathsWinOverFileNames) {
  std::vector<ScoreRow> rows = {Row("x/a.mp4", 0), Row("b.mp4")};
  EXPECT_EQ(ApplyTruth(Table({{"x/a.mp4", 1}, {"y/a.mp4", 0}, {"z/b.mp4", 1}}), &rows), 1U);
  EXPECT_EQ(rows[0].label, 1);
  EXPECT_EQ(rows[1].label, 1);
}

TEST(ApplyTruthTest, TheEndOfAPathIsEnough) {
  std::vector<ScoreRow> rows = {Row("data/c23/a.mp4"), Row("data/c40/a.mp4"), Row("/other/xc23/a.mp4")};
  EXPECT_EQ(ApplyTruth(Table({{"c23/a.mp4", 1}, {"/mnt/data/c40/a.mp4", 0}}), &rows), 0U);
  EXPECT_EQ(rows[0].label, 1);
  EXPECT_EQ(rows[1].label, 0);
  EXPECT_EQ(rows[2].label, std::nullopt);  // xc23 is another folder
}

TEST(ApplyTruthTest, AFileNameThatIsNotUniqueMatchesNothing) {
  std::vector<ScoreRow> rows = {Row("x/a.mp4"), Row("y/a.mp4"), Row("b.mp4")};
  EXPECT_EQ(ApplyTruth(Table({{"z/a.mp4", 1}, {"x/b.mp4", 0}, {"y/b.mp4", 1}}), &rows), 3U);
  for (const auto& row : rows) EXPECT_EQ(row.label, std::nullopt) << row.path;
}

TEST(ApplyTruthTest, RowsThatNothingNamesKeepTheirOwn) {
  std::vector<ScoreRow> rows = {Row("a.mp4", 1)};
  EXPECT_EQ(ApplyTruth({}, &rows), 0U);
  EXPECT_EQ(rows[0].label, 1);
}

TEST(ReadTruthTest, ReadsCsvByPathOrFilename) {
  const TemporaryFolder folder;
  WriteFile(folder / "l.csv",
            "filename,label,method,dataset,split\na.mp4,FAKE,m,d,test\nb.mp4,0,,d,\nc.mp4,,,,\n");
  const TruthTable truth = ReadTruth(folder / "l.csv");
  ASSERT_EQ(truth.videos.size(), 2U);  // c.mp4 is not known to be either
  const Truth& fake = truth.videos.at("a.mp4");
  EXPECT_EQ(fake.label, 1);
  EXPECT_EQ(fake.method + fake.dataset + fake.split, "mdtest");
  EXPECT_EQ(truth.videos.at("b.mp4").label, 0);
}

TEST(ReadTruthTest, ReadsADatasetFolderAndRepeatsItsLeak) {
  const TemporaryFolder folder;
  WriteFile(folder / "manifest.jsonl",
            "{\"video\":\"a\",\"file\":\"/v/a.mp4\",\"label\":\"fake\",\"method\":\"m\",\"split\":\"val\","
            "\"status\":\"ok\"}\n");
  EXPECT_EQ(ReadTruth(folder.path()).leak, "");
  WriteFile(folder / "dataset.json", "{\"options\":{\"dataset\":\"dfdc\"},\"leaks\":true}");
  const TruthTable truth = ReadTruth(folder / "manifest.jsonl");
  EXPECT_EQ(truth.videos.at("/v/a.mp4").dataset, "dfdc");
  EXPECT_EQ(truth.videos.at("/v/a.mp4").split, "val");
  EXPECT_NE(truth.leak.find("share footage or people"), std::string::npos);
}

TEST(ReadTruthTest, LabelsOfAllDatasetsAreRead) {
  const TemporaryFolder folder;
  WriteFile(folder / "l.csv",
            "path,label\na,Original\nb,DEEPFAKE\nc,pristine\nd,synthetic\ne,False\nf,1.0\n");
  int expected = 0;
  for (const auto& [name, truth] : ReadTruth(folder / "l.csv").videos)
    EXPECT_EQ(truth.label, expected++ % 2) << name;
  EXPECT_EQ(expected, 6);
  WriteFile(folder / "l.jsonl",
            "{\"path\": \"a\", \"label\": 0}\n\n{\"path\": \"b\", \"label\": \"fake\"}\n");
  const TruthTable lines = ReadTruth(folder / "l.jsonl");
  EXPECT_EQ(lines.videos.at("a").label, REAL);
  EXPECT_EQ(lines.videos.at("b").label, FAKE);
}

TEST(ReadTruthTest, Utf16IsReadWithAndWithoutItsMark) {
  const TemporaryFolder folder;
  for (const bool big : {false, true}) {
    for (const bool mark : {false, true}) {
      std::string bytes = !mark ? "" : big ? "\xfe\xff" : "\xff\xfe";
      for (const char c : std::string("path,label\r\na.mp4,1\r\nb.mp4,0\r\n"))
        bytes += big ? std::string(1, '\0') + c : c + std::string(1, '\0');
      WriteFile(folder / "l.csv", bytes);
      const TruthTable truth = ReadTruth(folder / "l.csv");
      EXPECT_EQ(truth.videos.at("a.mp4").label, FAKE);
      EXPECT_EQ(truth.videos.at("b.mp4").label, REAL);
    }
  }
}

TEST(ReadTruthTest, WhatIsNoTableIsNamed) {
  EXPECT_EQ(MessageFor("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"),
            "is a Git LFS pointer, not the table itself");
  EXPECT_EQ(MessageFor(std::string("PK\3\4") + std::string(80, '\1')),
            "is a spreadsheet or archive (zip), not a CSV file");
  EXPECT_EQ(MessageFor("<!DOCTYPE html><html></html>"), "is a web page, not a CSV file");
}

TEST(ApplyTruthTest, NamesWithoutEndingsFit) {
  std::vector<ScoreRow> rows = {Row("v/a.mp4"), Row("v/b.x.mp4"), Row("w/c.avi")};
  EXPECT_EQ(ApplyTruth(Table({{"a", 1}, {"b.x", 0}, {"w/c", 1}}), &rows), 0U);
  EXPECT_EQ(rows[0].label, 1);
  EXPECT_EQ(rows[1].label, 0);
  EXPECT_EQ(rows[2].label, 1);
}

TEST(ReadTruthTest, TakesTheColumnsOfOtherPrograms) {
  const TemporaryFolder folder;
  for (const char* names : {"file path,class", "video_name,target", "image_path,is_fake"}) {
    WriteFile(folder / "t.csv", std::string(names) + "\na.mp4,1\n");
    EXPECT_EQ(ReadTruth(folder / "t.csv").videos.at("a.mp4").label, FAKE) << names;
  }
}

TEST(ReadTruthTest, ErrorsNameColumnOrLine) {
  EXPECT_EQ(MessageFor("name,label\na,1\n"), "has no column 'path'");
  EXPECT_EQ(MessageFor("path,kind\na,1\n"), "has no column 'label'");
  EXPECT_EQ(MessageFor("path,label\na,1\nb,x\n"), "line 3: label 'x' is neither real (0) nor fake (1)");
  EXPECT_EQ(MessageFor("path,label\na,1\na,fake\na,real\n"), "line 4: 'a' is real and fake");
}

}  // namespace
}  // namespace seam
