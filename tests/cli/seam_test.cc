#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A folder with `seam` and, as its only verb, a script in the place of seam-extract.
class SeamTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(RunCommand("cp \"$(command -v seam)\" " + Quoted((folder_ / "seam").string())).status, 0);
    WriteFile(folder_ / "seam-extract", "#!/bin/sh\nprintf '[%s]' \"$@\"\nexit 3\n");
    fs::permissions(folder_ / "seam-extract", fs::perms::owner_all);
  }

  CommandResult Seam(const std::string& arguments) const {
    return RunCommand(Quoted((folder_ / "seam").string()) + " " + arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(SeamTest, VerbRunsTheProgramBesideItWithTheArgumentsUntouched) {
  EXPECT_EQ(Seam("extract --input 'a b' '' '*' -- \"it's\"").out, "[--input][a b][][*][--][it's]");
}

TEST_F(SeamTest, ExitStatusIsTheVerbs) { EXPECT_EQ(Seam("extract").status, 3); }

TEST_F(SeamTest, IsFoundThroughASymbolicLink) {
  fs::create_symlink(folder_ / "seam", folder_ / "link");
  EXPECT_EQ(RunCommand(Quoted((folder_ / "link").string()) + " extract x").out, "[x]");
}

TEST_F(SeamTest, HelpOfAVerbIsTheVerbsOwn) {
  EXPECT_EQ(Seam("help extract").out, "[--help]");
  EXPECT_EQ(Seam("--help extract").out, "[--help]");
}

TEST_F(SeamTest, HelpListsEveryVerbAndMarksThoseThatAreNotBuilt) {
  const auto result = Seam("--help");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, testing::ContainsRegex("extract +cut the faces[^\n(]*\n"));
  for (const std::string verb : {"train", "infer", "evaluate", "models"}) {
    EXPECT_THAT(result.out, testing::ContainsRegex(verb + " [^\n]*\\(not built\\)\n"));
  }
  EXPECT_EQ(Seam("help").out, result.out);
  EXPECT_EQ(Seam("-h").out, result.out);
}

TEST_F(SeamTest, NoVerbIsWrongUsage) {
  const auto result = Seam("");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, Seam("--help").out);
}

TEST_F(SeamTest, VersionIsOneLine) {
  const auto result = Seam("--version");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, testing::MatchesRegex("seam [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(SeamTest, UnknownVerbNamesTheNearest) {
  const auto result = Seam("extrct x");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "error: 'extrct': no such verb\nhint: did you mean seam extract?\n");
}

TEST_F(SeamTest, UnknownVerbUnlikeAnyPointsToHelp) {
  EXPECT_EQ(Seam("frobnicate").err, "error: 'frobnicate': no such verb\nhint: seam --help lists them\n");
  EXPECT_EQ(Seam("help frobnicate").status, 2);
}

TEST_F(SeamTest, VerbCannotReachAProgramElsewhere) {
  WriteFile(folder_ / "seam-other", "#!/bin/sh\necho reached\n");
  fs::permissions(folder_ / "seam-other", fs::perms::owner_all);
  EXPECT_EQ(Seam("other").status, 2);
  EXPECT_EQ(Seam("../seam-other").status, 2);
}

TEST_F(SeamTest, VerbThatIsNotBuiltIsAnError) {
  const auto result = Seam("train");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("seam-train: seam train is not built\nhint: make build"));
}

TEST_F(SeamTest, VerbThatCannotBeRunIsAnError) {
  WriteFile(folder_ / "seam-infer", "");
  const auto result = Seam("infer");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("seam-infer: cannot be run: "));
}

// The frame of every program (base/program.h), seen from outside.

TEST_F(SeamTest, ResultsThatCannotBeWrittenAreAFailure) {
  const auto result = Seam("--help >/dev/full");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "error: standard output: cannot be written: No space left on device\n");
}

TEST_F(SeamTest, TalkThatCannotBeWrittenChangesNothing) {
  EXPECT_EQ(Seam("frobnicate 2>/dev/full").status, 2);
  EXPECT_EQ(Seam("frobnicate 2>&-").status, 2);
}

}  // namespace
}  // namespace seam
