// `seam infer` over a folder of what phones, camcorders, browsers, screen recorders, surveillance exporters
// and messengers write: a row for each file, the right one.

#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "base/files.h"
#include "scores/score_file.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct Expected {
  std::string status, reason;
};

std::map<std::string, Expected> ReadExpected(const fs::path& path) {
  std::map<std::string, Expected> expected;
  std::istringstream lines(ReadFile(path));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    expected[line.substr(0, first)] = {line.substr(first + 1, second - first - 1), line.substr(second + 1)};
  }
  return expected;
}

TEST(EverydayFilesTest, EachHasTheRightRowAndTheRestIsCounted) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  MakeCheckpoint(folder / "m.safetensors");
  const CommandResult made = RunCommand("bash " + Quoted(std::string(SEAM_EVERYDAY_FILES)) + " " +
                                        Quoted(DemoClip().string()) + " " + Quoted((folder / "in").string()));
  ASSERT_EQ(made.status, 0) << made.err;
  const std::map<std::string, Expected> expected = ReadExpected(folder / "expected.tsv");
  ASSERT_GE(expected.size(), 150U);
  const CommandResult result =
      RunCommand("seam infer --frames 2 --detector retinaface --detect-size 320 --model " +
                 Quoted((folder / "m.safetensors").string()) + " " + Quoted((folder / "in").string()) +
                 " --output " + Quoted((folder / "s.csv").string()));
  EXPECT_EQ(result.status, 3) << result.err;
  std::map<std::string, ScoreRow> rows;
  for (const ScoreRow& row : ReadScoreFile(folder / "s.csv")) rows[fs::path(row.path).filename()] = row;
  EXPECT_EQ(rows.size(), expected.size());
  for (const auto& [name, what] : expected) {
    SCOPED_TRACE(name);
    ASSERT_EQ(rows.count(name), 1U);
    const ScoreRow& row = rows.at(name);
    EXPECT_EQ(GetName(row.status), what.status) << row.reason;
    EXPECT_NE(row.reason.find(what.reason), std::string::npos) << row.reason;
    EXPECT_EQ(row.score.has_value(), what.status == "ok" || what.status == "damaged");
    if (what.status == "ok") {
      EXPECT_EQ(row.faces, row.frames);
    }
  }
  EXPECT_NE(
      result.err.find("6 files are neither video nor picture and passed over: 1 .json, 1 .m4a, 1 .pdf, 1 "
                      ".srt, 1 .svg, 1 .txt"),
      std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace seam
