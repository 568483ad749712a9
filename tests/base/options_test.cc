#include "base/options.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Words = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

// One option of every kind.
struct Settings {
  bool json = false;
  bool align = true;
  int jobs = 2;
  std::int64_t offset = -5;
  std::uint64_t seed = 7;
  double margin = 0.3;
  std::string output = "scores.csv";
  std::string detector = "retinaface";
  Words videos, models;

  void Register(Options* options) {
    options->Add("json", &json, "print JSON");
    options->Add("align", &align, "turn faces upright");
    options->Add("jobs", &jobs, "threads");
    options->Add("offset", &offset, "first frame");
    options->Add("seed", &seed, "seed of the randomness");
    options->Add("margin", &margin, "extra side around the face");
    options->Add("output", &output, "file to write");
    options->Add("detector", &detector, "face detector", {"retinaface", "yunet", "hog"});
    options->Add("model", &models, "a checkpoint");
    options->AddPositional("videos", &videos);
  }
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() { settings_.Register(&options_); }

  // The message and hint of a command line that is refused with the status of wrong usage.
  std::string Refusal(const Words& arguments) {
    try {
      options_.Parse(arguments);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), kExitUsage);
      return std::string(error.what()) + " | " + error.hint();
    }
    return "accepted";
  }

  std::string Config(const std::string& text) {
    WriteFile(folder_ / "options.cfg", text);
    return (folder_ / "options.cfg").string();
  }

  TemporaryFolder folder_;
  Settings settings_;
  Options options_{"seam infer", "VIDEO... [OPTION...]", "score videos", "seam infer a.mp4"};
};

TEST_F(OptionsTest, SomeMayBeGivenSeveralTimes) {
  EXPECT_TRUE(options_.Parse({"--model", "a", "clip.mp4", "--model=b"}));
  EXPECT_THAT(settings_.models, ElementsAre("a", "b"));
  EXPECT_THAT(settings_.videos, ElementsAre("clip.mp4"));
}

TEST_F(OptionsTest, DefaultsAreTheMembersValues) {
  EXPECT_TRUE(options_.Parse({}));
  EXPECT_EQ(settings_.jobs, 2);
  EXPECT_EQ(settings_.margin, 0.3);
  EXPECT_TRUE(settings_.align);
  EXPECT_EQ(settings_.output, "scores.csv");
  EXPECT_THAT(settings_.videos, ElementsAre());
}

TEST_F(OptionsTest, ValuesFollowTheirNameAfterASpaceOrAnEqualSign) {
  EXPECT_TRUE(options_.Parse({"--jobs", "8", "--margin=0.125", "--output=a b=c.csv", "--seed",
                              "18446744073709551615", "--offset=-9"}));
  EXPECT_EQ(settings_.jobs, 8);
  EXPECT_EQ(settings_.margin, 0.125);
  EXPECT_EQ(settings_.output, "a b=c.csv");
  EXPECT_EQ(settings_.seed, UINT64_MAX);
  EXPECT_EQ(settings_.offset, -9);
}

TEST_F(OptionsTest, NegativeValueMayFollowASpace) {
  EXPECT_TRUE(options_.Parse({"--offset", "-9", "--margin", "-0.5"}));
  EXPECT_EQ(settings_.offset, -9);
  EXPECT_EQ(settings_.margin, -0.5);
}

TEST_F(OptionsTest, FlagBeforeAPositionalDoesNotTakeIt) {
  EXPECT_TRUE(options_.Parse({"--json", "a.mp4", "-q", "b.mp4", "--align=false", "c.mp4"}));
  EXPECT_TRUE(settings_.json);
  EXPECT_FALSE(settings_.align);
  EXPECT_THAT(settings_.videos, ElementsAre("a.mp4", "b.mp4", "c.mp4"));
}

TEST_F(OptionsTest, FlagIsSwitchedOffByFalse) {
  EXPECT_TRUE(options_.Parse({"--align=false"}));
  EXPECT_FALSE(settings_.align);
}

TEST_F(OptionsTest, FlagIsSwitchedOffByNo) {
  EXPECT_TRUE(options_.Parse({"--no-align", "a.mp4"}));
  EXPECT_FALSE(settings_.align);
  EXPECT_THAT(settings_.videos, ElementsAre("a.mp4"));
  EXPECT_THAT(Refusal({"--no-jobs"}), HasSubstr("--no-jobs: no such option"));
}

TEST_F(OptionsTest, OutputHasALetter) {
  EXPECT_TRUE(options_.Parse({"a.mp4", "-o", "b.csv"}));
  EXPECT_EQ(settings_.output, "b.csv");
  EXPECT_TRUE(options_.Given("output"));
  EXPECT_EQ(options_.ToJson()["output"], "b.csv");
}

TEST_F(OptionsTest, EverythingAfterTwoDashesIsPositional) {
  EXPECT_TRUE(options_.Parse({"--", "--json", "-q", "--nonsense"}));
  EXPECT_FALSE(settings_.json);
  EXPECT_THAT(settings_.videos, ElementsAre("--json", "-q", "--nonsense"));
}

TEST_F(OptionsTest, PositionalsKeepSpacesAndOddCharacters) {
  EXPECT_TRUE(options_.Parse({"a b.mp4", "x=y.mp4", "@list", "é.mp4"}));
  EXPECT_THAT(settings_.videos, ElementsAre("a b.mp4", "x=y.mp4", "@list", "é.mp4"));
}

TEST_F(OptionsTest, EmptyArgumentIsAPositional) {
  EXPECT_TRUE(options_.Parse({"", "a.mp4"}));
  EXPECT_THAT(settings_.videos, ElementsAre("", "a.mp4"));
}

TEST_F(OptionsTest, ConfigIsReadAndTheCommandLineWins) {
  const auto config =
      Config("# a comment\njobs = 5\nmargin = 0.7\njson = true\nalign=false\noutput = from file.csv\n");
  EXPECT_TRUE(options_.Parse({"--margin", "0.9", "--config", config}));
  EXPECT_EQ(settings_.jobs, 5);
  EXPECT_EQ(settings_.margin, 0.9);
  EXPECT_TRUE(settings_.json);
  EXPECT_FALSE(settings_.align);
  EXPECT_EQ(settings_.output, "from file.csv");
}

TEST_F(OptionsTest, ValueEqualToTheDefaultOnTheCommandLineStillWins) {
  EXPECT_TRUE(options_.Parse({"--jobs=2", "--config", Config("jobs = 5\n")}));
  EXPECT_EQ(settings_.jobs, 2);
}

TEST_F(OptionsTest, UnknownOptionNamesTheNearest) {
  EXPECT_EQ(Refusal({"--jbos=3"}), "--jbos: no such option | did you mean --jobs?");
  EXPECT_EQ(Refusal({"--outptu", "x"}), "--outptu: no such option | did you mean --output?");
  EXPECT_EQ(Refusal({"--qiet"}), "--qiet: no such option | did you mean --quiet?");
}

TEST_F(OptionsTest, UnknownOptionUnlikeAnyPointsToHelp) {
  EXPECT_EQ(Refusal({"--zzzzzzzz"}), "--zzzzzzzz: no such option | seam infer --help lists the options");
  EXPECT_THAT(Refusal({"-x"}), HasSubstr("-x: no such option"));
}

TEST_F(OptionsTest, BeginningOfANameIsNotTheName) {
  EXPECT_EQ(Refusal({"--job", "3"}), "--job: no such option | did you mean --jobs?");
}

TEST_F(OptionsTest, ValueOutsideTheChoicesListsThem) {
  EXPECT_EQ(Refusal({"--detector", "blaze"}),
            "--detector: 'blaze' is not a choice | choose from: retinaface, yunet, hog");
}

TEST_F(OptionsTest, NumbersThatDoNotParseAreRefused) {
  for (const std::string value : {"abc", "1x", "1.5", "", " 1", "99999999999", "0x10"}) {
    SCOPED_TRACE(value);
    EXPECT_THAT(Refusal({"--jobs", value}), HasSubstr("'--jobs'"));
  }
  EXPECT_THAT(Refusal({"--offset=9223372036854775808"}), HasSubstr("'--offset'"));
  EXPECT_THAT(Refusal({"--seed=18446744073709551616"}), HasSubstr("'--seed'"));
  EXPECT_THAT(Refusal({"--margin=0.3x"}), HasSubstr("'--margin'"));
  EXPECT_EQ(settings_.jobs, 2);
}

TEST_F(OptionsTest, NegativeValueOfAnUnsignedOptionIsRefused) {
  EXPECT_EQ(Refusal({"--seed=-1"}), "--seed: '-1' is negative | give a whole number from 0 up");
  EXPECT_EQ(Refusal({"--config", Config("seed = -1\n")}),
            "--seed: '-1' is negative | give a whole number from 0 up");
}

TEST_F(OptionsTest, RealThatIsNotFiniteIsRefused) {
  EXPECT_THAT(Refusal({"--margin=nan"}), HasSubstr("--margin: is not a finite number"));
}

TEST_F(OptionsTest, InfinityIsRefused) {
  EXPECT_THAT(Refusal({"--margin", "inf"}), HasSubstr("--margin: is not a finite number"));
}

TEST_F(OptionsTest, FlagWithAnotherValueIsRefused) {
  EXPECT_THAT(Refusal({"--json=maybe"}), HasSubstr("'--json' is invalid"));
}

TEST_F(OptionsTest, MissingValueIsRefused) { EXPECT_THAT(Refusal({"--jobs"}), HasSubstr("'--jobs'")); }

TEST_F(OptionsTest, OptionGivenTwiceIsRefused) {
  EXPECT_THAT(Refusal({"--jobs=1", "--jobs=2"}), HasSubstr("more than once"));
}

TEST_F(OptionsTest, ConfigErrorsNameTheFile) {
  const auto config = Config("jbos = 3\n");
  EXPECT_EQ(Refusal({"--config", config}), config + ": no such option: jbos | did you mean --jobs?");
}

TEST_F(OptionsTest, ConfigWithABadValueIsRefused) {
  const auto config = Config("jobs = many\n");
  EXPECT_THAT(Refusal({"--config", config}), HasSubstr(config + ": the argument ('many') for option"));
}

TEST_F(OptionsTest, ConfigThatIsNoListOfOptionsIsRefused) {
  const auto config = Config("hello\n");
  EXPECT_THAT(Refusal({"--config", config}), HasSubstr(config + ": "));
}

TEST_F(OptionsTest, ConfigThatCannotBeReadIsRefused) {
  EXPECT_THAT(Refusal({"--config", "/nowhere.cfg"}), HasSubstr("/nowhere.cfg: cannot be read"));
  EXPECT_THAT(Refusal({"--config=/nowhere.cfg"}), HasSubstr("/nowhere.cfg: cannot be read"));
}

TEST_F(OptionsTest, FolderAsConfigIsRefused) {
  EXPECT_THAT(Refusal({"--config", folder_.path().string()}), HasSubstr(": cannot be read"));
}

TEST_F(OptionsTest, GivenTellsTheUsersValuesFromDefaults) {
  EXPECT_TRUE(options_.Parse({"--jobs=2", "--json", "--config", Config("margin = 0.3\n")}));
  EXPECT_TRUE(options_.Given("jobs"));
  EXPECT_TRUE(options_.Given("json"));
  EXPECT_TRUE(options_.Given("margin"));
  EXPECT_FALSE(options_.Given("seed"));
  EXPECT_FALSE(options_.Given("align"));
}

TEST_F(OptionsTest, ToJsonHasEveryOptionAsItStands) {
  EXPECT_TRUE(options_.Parse({"--jobs=4", "--json", "--detector=hog", "a.mp4"}));
  const nlohmann::json expected = {{"json", true},
                                   {"align", true},
                                   {"jobs", 4},
                                   {"offset", -5},
                                   {"seed", 7},
                                   {"margin", 0.3},
                                   {"output", "scores.csv"},
                                   {"detector", "hog"},
                                   {"videos", {"a.mp4"}},
                                   {"model", nlohmann::json::array()}};
  EXPECT_EQ(options_.ToJson(), expected);
}

TEST_F(OptionsTest, HelpShowsEveryOptionWithItsDefaultAndTheExample) {
  testing::internal::CaptureStdout();
  EXPECT_FALSE(options_.Parse({"--help"}));
  const auto help = testing::internal::GetCapturedStdout();
  EXPECT_THAT(help, HasSubstr("usage: seam infer VIDEO... [OPTION...]"));
  EXPECT_THAT(help, testing::ContainsRegex("--margin arg \\(=0.3\\) +extra side around the face"));
  EXPECT_THAT(help, HasSubstr("(retinaface, yunet,"));
  EXPECT_THAT(help, HasSubstr("example:\n  seam infer a.mp4\n"));
}

TEST_F(OptionsTest, VersionIsPrintedAndNothingElseIsDone) {
  testing::internal::CaptureStdout();
  EXPECT_FALSE(options_.Parse({"--version", "--config", "/nowhere.cfg"}));
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::StartsWith("seam "));
}

TEST(OptionsWithoutPositionalsTest, PositionalIsRefused) {
  Options options("seam train", "--data DIR", "train", "seam train --data d");
  EXPECT_THAT(CatchMessage([&] { options.Parse({"stray"}); }), HasSubstr("seam train: "));
}

// One option of every kind of range.
struct Ranged {
  int batch = 64, size = 0;
  double rate = 0.1, share = 0, level = 0.95;
  std::string order = "time";

  void Register(Options* options) {
    options->Add("batch", &batch, "clips at once", Between(1, 4096, "64 is usual"));
    options->Add("size", &size, "pixels", {.low = 32, .or_zero = true});
    options->Add("rate", &rate, "of learning", Above(0));
    options->Add("share", &share, "of the rest", BelowOne());
    options->Add("level", &level, "of intervals", {0, 1, "", true, true});
    options->Add("order", &order, "of rows", {"time", "name"});
  }
};

std::string ProblemOfRanged(const Words& arguments) {
  Ranged values;
  Options options("seam", "", "", "");
  values.Register(&options);
  return CatchMessage([&] { options.Parse(arguments); });
}

TEST(OptionRangeTest, NumbersOutOfTheirRangesAreRefusedWithTheRange) {
  EXPECT_EQ(ProblemOfRanged({"--batch=4097"}), "--batch: must be from 1 to 4096, not 4097");
  EXPECT_EQ(ProblemOfRanged({"--size=31"}), "--size: must be 0 or at least 32, not 31");
  EXPECT_EQ(ProblemOfRanged({"--rate=0"}), "--rate: must be above 0, not 0");
  EXPECT_EQ(ProblemOfRanged({"--share=1"}), "--share: must be from 0 to below 1, not 1");
  EXPECT_EQ(ProblemOfRanged({"--level=1"}), "--level: must be above 0 and below 1, not 1");
}

TEST(OptionRangeTest, EndsThatBelongToARangeAreTaken) {
  EXPECT_EQ(ProblemOfRanged({"--batch=4096", "--size=0", "--rate=1e-9", "--share=0.999", "--level=0.5"}), "");
  EXPECT_EQ(ProblemOfRanged({"--batch=1", "--size=32"}), "");
}

TEST(OptionRangeTest, ValuesThatNoCommandLineSetAreCheckedByTheSameDeclaration) {
  EXPECT_EQ(CatchMessage([] { CheckDeclared(Ranged{.batch = 0}); }),
            "--batch: must be from 1 to 4096, not 0");
  EXPECT_EQ(CatchMessage([] { CheckDeclared(Ranged{.order = "size"}); }), "--order: 'size' is not a choice");
  EXPECT_EQ(CatchMessage([] { CheckDeclared(Ranged{}); }), "");
}

TEST(NearestTest, FindsOneSlipAwayAndNothingFarAway) {
  EXPECT_EQ(Nearest("trian", {"extract", "train"}), "train");
  EXPECT_EQ(Nearest("frobnicate", {"extract", "train"}), "");
  EXPECT_EQ(Nearest("", {}), "");
}

}  // namespace
}  // namespace seam
