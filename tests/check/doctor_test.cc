#include "check/doctor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const nlohmann::json* Find(const nlohmann::json& doctor, const std::string& group, const std::string& name) {
  for (const auto& row : doctor["examined"]) {
    if (row["group"] == group && row["name"] == name) return &row;
  }
  return nullptr;
}

TEST(DoctorTest, JsonTellsWhatWorksAndTheVersionsOfLibraries) {
  const auto result = RunCommand("seam-doctor --json");
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(result.status == 0, json["good"].get<bool>());
  ASSERT_NE(Find(json, "detectors", "hog"), nullptr);
  EXPECT_EQ((*Find(json, "detectors", "hog"))["health"], "good");
  ASSERT_NE(Find(json, "decoders", "there"), nullptr);
  EXPECT_THAT((*Find(json, "decoders", "there"))["words"].get<std::string>(), HasSubstr("h264"));
  EXPECT_THAT(json["libraries"]["libavcodec"].get<std::string>(),
              testing::MatchesRegex("libavcodec\\.so\\.[0-9.]+"));
}

TEST(DoctorTest, DetectorWithoutWeightsIsMissingAndHasACommandThatMendsIt) {
  const TemporaryFolder empty;
  // The share folder of the sources stands behind $SEAM_SHARE, so a damaged file is put before it.
  WriteFile(empty / "retinaface.onnx", "no network");
  const auto result = RunCommand("SEAM_SHARE=" + Quoted(empty.path().string()) + " seam-doctor --json");
  EXPECT_EQ(result.status, 3);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_FALSE(json["good"].get<bool>());
  const auto* row = Find(json, "detectors", "retinaface");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ((*row)["health"], "missing");
  EXPECT_EQ((*row)["mend"], "scripts/setup.sh");
}

TEST(DoctorTest, ProgramThatIsNotThereIsToldWithItsCommand) {
  const TemporaryFolder folder;
  ASSERT_EQ(RunCommand("cp \"$(command -v seam-doctor)\" " + Quoted(folder.path().string())).status, 0);
  const auto result = RunCommand(Quoted((folder / "seam-doctor").string()));
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.out, testing::ContainsRegex("!! infer +not installed"));
  EXPECT_THAT(result.out, testing::ContainsRegex(" - train +not installed"));
  EXPECT_THAT(result.out, HasSubstr("to mend it: scripts/setup.sh && make build"));
}

TEST(DoctorTest, TextCountsWhatIsMissing) {
  const std::vector<Examined> all = {{"a", "fine", Health::kGood, "good", ""},
                                     {"a", "gone", Health::kMissing, "not there", "mend it"}};
  EXPECT_THAT(DoctorText(all, {}), HasSubstr("\n1 things are missing"));
  EXPECT_THAT(DoctorText({all[0]}, {}), HasSubstr("\nNothing that Seam needs is missing.\n"));
}

}  // namespace
}  // namespace seam
