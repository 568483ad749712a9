#include "cli/manual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/options.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As a program prints it.
ProgramHelp ReadHelp(Options* options) {
  testing::internal::CaptureStdout();
  EXPECT_FALSE(options->Parse({"--help-json"}));
  return ProgramHelp::parse(testing::internal::GetCapturedStdout());
}

class ManualTest : public testing::Test {
 protected:
  ManualTest() {
    Options options("seam cut", "VIDEO... [options]\n       seam cut join PART...", "cut videos",
                    "seam cut a.mp4");
    options.Add("output", &output_, "where to write");
    options.Add("kind", &kind_, "how", {"fast", "good"});
    options.Add("deep", &deep_, "look into folders");
    options.AddPositional("video", &videos_);
    entries_.push_back({{},
                        {{"program", "seam"},
                         {"summary", "find fakes"},
                         {"kind", "verb"},
                         {"commands", {{{"name", "cut"}, {"summary", "cut videos"}, {"built", true}}}}}});
    entries_.push_back({{"cut"}, ReadHelp(&options)});
  }

  // What bash would offer for the words, the last of which is under the cursor.
  std::string Offered(const std::vector<std::string>& words) {
    const TemporaryFolder folder;
    WriteFile(folder / "seam", BashCompletion(entries_));
    std::string line = "cd " + Quoted(folder.path().string()) + " && bash -c 'source ./seam; COMP_WORDS=(";
    for (const std::string& word : words) line += "\"" + word + "\" ";
    line += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; _seam; echo ${COMPREPLY[@]}'";
    const CommandResult result = RunCommand(line);
    EXPECT_EQ(result.err, "");
    return result.out;
  }

  std::string output_, kind_ = "fast";
  bool deep_ = true;
  std::vector<std::string> videos_;
  std::vector<ManualEntry> entries_;
};

TEST_F(ManualTest, HelpOfAProgramHasEveryOptionWithItsChoicesAndDefault) {
  std::vector<std::string> names;
  for (const auto& option : entries_[1].help.at("options")) names.push_back(option.at("name"));
  EXPECT_THAT(names, ElementsAre("help", "version", "config", "quiet", "output", "kind", "deep"));
  const auto& kind = entries_[1].help.at("options").at(5);
  EXPECT_EQ(kind.at("default"), "fast");
  EXPECT_THAT(kind.at("choices").get<std::vector<std::string>>(), ElementsAre("fast", "good"));
  EXPECT_EQ(entries_[1].help.at("options").at(4).at("letter"), "o");
  EXPECT_TRUE(entries_[1].help.at("options").at(6).at("flag").get<bool>());
  EXPECT_TRUE(entries_[1].help.at("takes_files").get<bool>());
}

TEST_F(ManualTest, PageHasOptionsAndTheExample) {
  const std::string page = ManPage(entries_[1], "1.2.3", "2026-01-02");
  EXPECT_THAT(page, HasSubstr(".TH SEAM\\-CUT 1 2026\\-01\\-02 \"seam 1.2.3\""));
  EXPECT_THAT(page, HasSubstr("\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fIVALUE\\fR\nwhere to write.\n"));
  EXPECT_THAT(page, HasSubstr("how (fast, good); default: fast.\n"));
  EXPECT_THAT(page, HasSubstr("look into folders; on; \\-\\-no\\-deep turns it off.\n"));
  EXPECT_THAT(page, HasSubstr("seam cut a.mp4\n"));
}

TEST_F(ManualTest, PageOfSeamListsTheVerbs) {
  EXPECT_THAT(ManPage(entries_[0], "1", "2026-01-02"), HasSubstr("\\fBseam\\-cut\\fR(1)\ncut videos.\n"));
}

TEST_F(ManualTest, CommandsAreThoseOfFurtherLinesOfTheSynopsis) {
  EXPECT_THAT(CommandsIn(entries_[1]), ElementsAre("join"));
}

TEST_F(ManualTest, BashOffersVerbsOptionsAndChoices) {
  EXPECT_EQ(Offered({"seam", ""}), "cut help\n");
  EXPECT_EQ(Offered({"seam", "cut", "--o"}), "--output\n");
  EXPECT_EQ(Offered({"seam", "cut", "--kind", ""}), "fast good\n");
  EXPECT_EQ(Offered({"seam", "cut", "--kind", "=", "g"}), "good\n");
  EXPECT_EQ(Offered({"seam", "cut", "jo"}), "join\n");
}

TEST_F(ManualTest, ZshCompletionIsReadByZsh) {
  if (RunCommand("command -v zsh").status != 0) GTEST_SKIP() << "needs zsh";
  const TemporaryFolder folder;
  WriteFile(folder / "_seam", ZshCompletion(entries_));
  const CommandResult result = RunCommand("zsh -n " + Quoted((folder / "_seam").string()));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(ZshCompletion(entries_), HasSubstr("'--kind=[how (fast, good)]:value:(fast good)'"));
}

}  // namespace
}  // namespace seam
