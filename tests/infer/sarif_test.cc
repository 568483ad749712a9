#include "infer/sarif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

ScoreRow Row(const std::string& path, Verdict verdict, double score) {
  ScoreRow row;
  row.path = path;
  row.status = Status::kOk;
  row.verdict = verdict;
  row.score = score;
  row.threshold = 0.5;
  return row;
}

TEST(SarifTest, AVideoIsAResultOfItsVerdict) {
  SarifLog log;
  log.Add(Row("films/a b.mp4", Verdict::kFake, 0.75));
  log.Add(Row("/films/c.mp4", Verdict::kReal, 0.25));
  const auto run = nlohmann::json::parse(log.Text(true))["runs"][0];
  const auto& fake = run["results"][0];
  EXPECT_EQ(fake["ruleId"], "fake");
  EXPECT_EQ(run["tool"]["driver"]["rules"][fake["ruleIndex"].get<int>()]["id"], "fake");
  EXPECT_EQ(fake["level"], "error");
  EXPECT_EQ(fake["rank"], 75);
  EXPECT_EQ(fake["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "films/a%20b.mp4");
  EXPECT_THAT(fake["message"]["text"].get<std::string>(),
              HasSubstr("Its score is 0.7500; a score from 0.5 on"));
  const auto& real = run["results"][1];
  // The standard wants the level `none` of every result that is no failure.
  EXPECT_EQ(real["kind"], "pass");
  EXPECT_EQ(real["level"], "none");
  EXPECT_EQ(real["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "file:///films/c.mp4");
  EXPECT_TRUE(run["invocations"][0]["executionSuccessful"].get<bool>());
}

TEST(SarifTest, InputThatFailedIsANotificationAndNoResult) {
  SarifLog log;
  ScoreRow row;
  row.path = "a.mp4";
  row.status = Status::kUnreadable;
  row.verdict = Verdict::kError;
  row.reason = "is empty (0 bytes)";
  log.Add(row);
  const auto run = nlohmann::json::parse(log.Text(true))["runs"][0];
  EXPECT_TRUE(run["results"].empty());
  EXPECT_EQ(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], "is empty (0 bytes)");
}

TEST(SarifTest, InferPrintsOneDocumentAlsoOfWhatCannotBeRead) {
  const TemporaryFolder folder;
  const auto result = RunCommand("seam infer --format sarif " + Quoted((folder / "absent.mp4").string()));
  EXPECT_EQ(result.status, 1);
  const auto document = nlohmann::json::parse(result.out);
  EXPECT_EQ(document["version"], "2.1.0");
  EXPECT_EQ(document["runs"][0]["invocations"][0]["toolExecutionNotifications"].size(), 1u);
  EXPECT_EQ(RunCommand("seam infer --format sarif --output - a.mp4").status, 2);
}

}  // namespace
}  // namespace seam
