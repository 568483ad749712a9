#include "infer/score_page.h"

#include <optional>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "infer/verdict_words.h"
#include "pages/score_chart.h"
#include "tests/infer/made_result.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// What is wrong with the nesting of the page's elements; "" when nothing is.
std::string Misnesting(const std::string& html) {
  const std::set<std::string> empty = {"meta", "img", "input", "br"};
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    if (html.compare(at, 2, "<!") == 0) {
      at = html.find('>', at);
      continue;
    }
    const bool closes = html[at + 1] == '/';
    const std::size_t begin = at + (closes ? 2 : 1), end = html.find_first_of(" />\n", begin);
    const std::string name = html.substr(begin, end - begin);
    if (name.empty()) return "a bare < at " + html.substr(at, 40);
    const std::size_t stop = html.find('>', at);
    if (stop == std::string::npos) return "no end of " + name;
    if (closes) {
      if (open.empty() || open.back() != name)
        return "</" + name + "> closes " + (open.empty() ? "" : open.back());
      open.pop_back();
    } else if (!empty.contains(name) && html[stop - 1] != '/') {
      open.push_back(name);
    }
    at = stop;
    if (!closes && (name == "script" || name == "style")) at = html.find("</" + name, at);
  }
  return open.empty() ? "" : open.back() + " stays open";
}

std::size_t CountIn(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

VideoResult Named(const std::string& path, VideoResult result) {
  result.row.path = path;
  return result;
}

VideoResult Failed(const std::string& reason) {
  VideoResult result;
  result.row.status = Status::kUnreadable;
  result.row.reason = reason;
  result.row.verdict = Verdict::kError;
  return result;
}

class HtmlReportTest : public testing::Test {
 protected:
  HtmlReportTest() {
    options_.report = (folder_ / "report.html").string();
    facts_.info.model = "meso4";
    facts_.info.crop = MadeCropSpec();
    facts_.model_file = "m.safetensors";
    facts_.model_sha256 = "abc123";
  }
  HtmlReport& Begin() { return report_.emplace(options_, facts_, AggregateOptions{}); }
  std::string Page(const std::string& stopped = "") {
    report_->Finish(stopped);
    return ReadFile(options_.report);
  }

  TemporaryFolder folder_;
  PageOptions options_;
  RunFacts facts_;
  std::optional<HtmlReport> report_;
};

TEST_F(HtmlReportTest, PageIsWellFormedHasEveryRowAndLoadsNothing) {
  Begin();
  VideoResult fake = MadeResult({{0.9, 0.8, 0.7}, {0.1, 0.2, 0.1}});
  fake.evidence = {MadeEvidence(fake, 0, 0), MadeEvidence(fake, 1, 1)};
  fake.evidence[0].heat = {2, {1, 0, 0.5, 0}};
  report_->Add(Named("films/a.mp4", fake), folder_ / "out/a.mp4");
  const VideoResult real = MadeResult({{0.1, 0.2, 0.1}});
  report_->Add(Named("films/b.mp4", real), {});
  report_->Add(Named("films/c.mp4", Failed("is empty (0 bytes)")), {});
  const std::string page = Page();
  EXPECT_EQ(Misnesting(page), "");
  EXPECT_EQ(CountIn(page, "<tr data-verdict="), 3U);
  EXPECT_EQ(CountIn(page, "<section class=\"video\""), 3U);
  EXPECT_EQ(CountIn(page, "<svg class=\"chart\""), 2U);
  EXPECT_EQ(CountIn(page, "<img "), 5U);  // two frames, two faces, one of them with heat
  for (const char* text : {"films/a.mp4", "films/b.mp4", "is empty (0 bytes)", "abc123", "./out/a.mp4"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  for (const char* load : {"http:", "https:", "src=\"/", "@import", "url(", "<link", "<iframe"})
    EXPECT_EQ(page.find(load), std::string::npos) << load;
  EXPECT_EQ(CountIn(page, "src=\""), CountIn(page, "src=\"data:image/jpeg;base64,"));
}

TEST_F(HtmlReportTest, WhatAnEarlierRunScoredHasItsRowAndSaysThatItsPicturesAreMissing) {
  Begin();
  ScoreRow earlier;
  earlier.path = "films/before.mp4";
  earlier.status = Status::kOk;
  earlier.score = 0.95;
  earlier.verdict = Verdict::kFake;
  earlier.frames = earlier.faces = 32;
  earlier.tracks = 2;
  report_->AddEarlier(earlier);
  const VideoResult real = MadeResult({{0.1, 0.2, 0.1}});
  report_->Add(Named("films/b.mp4", real), {});
  const std::string page = Page();
  EXPECT_EQ(Misnesting(page), "");
  EXPECT_EQ(CountIn(page, "<tr data-verdict="), 2U);
  EXPECT_LT(page.find("films/before.mp4"), page.find("films/b.mp4"));  // the most suspicious first
  for (const char* text :
       {"1 input was scored by an earlier run", "32 frames looked at, 32 faces found, 2 people",
        "its faces and curves are not in this page"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
}

TEST_F(HtmlReportTest, PeopleTooBriefToCountHaveNoScoreOfTheirOwn) {
  Begin();
  VideoResult result = MadeResult({{0.1, 0.2, 0.1}, {0.97}});
  ASSERT_FALSE(result.row.people.at(1).counts);
  result.evidence = {MadeEvidence(result, 1, 0)};
  report_->Add(Named("a.mp4", result), {});
  const std::string page = Page();
  for (const char* text : {"#2 too brief", "seen too briefly to count</td><td class=\"n\">–</td>",
                           "person #2 (too brief to count)"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
}

TEST_F(HtmlReportTest, HostileNamesStayText) {
  facts_.info.notice = "<b>notice</b>";
  facts_.model_file = "\"><script>alert(1)</script>.safetensors";
  facts_.info.recipe = R"({"data": {"<img src=x>": "</dd><script>"}})";
  facts_.notes = {"</style><script>alert(2)"};
  Begin();
  const std::string name = "a\"'><img src=x onerror=alert(1)>\n\x1b[31m\xff.mp4";
  const VideoResult result = MadeResult({{0.9, 0.9, 0.9}});
  report_->Add(Named(name, result), folder_ / "out" / "javascript:alert(1)\"<.mp4");
  report_->Add(Named("x", Failed("<script>reason")), {});
  const std::string page = Page();
  EXPECT_EQ(Misnesting(page), "");
  EXPECT_EQ(CountIn(page, "<script>"), 1U);  // the page's own
  EXPECT_EQ(CountIn(page, "<img"), 0U);
  EXPECT_EQ(CountIn(page, "href=\"javascript:"), 0U);
  EXPECT_NE(page.find("./out/javascript%3Aalert%281%29%22%3C.mp4"), std::string::npos);
  EXPECT_NE(page.find("\\x1b[31m"), std::string::npos);
}

TEST_F(HtmlReportTest, MostSuspiciousComesFirstAndPicturesAreForThemAlone) {
  options_.report_pictures = 2;
  Begin();
  for (const double score : {0.3, 0.9, 0.1, 0.7, 0.2}) {
    VideoResult result = MadeResult({{score, score, score}});
    result.evidence = {MadeEvidence(result, 0, 0)};
    report_->Add(Named(fmt::format("score{}.mp4", score), result), {});
  }
  const std::string page = Page();
  EXPECT_LT(page.find("<h3>score0.9"), page.find("<h3>score0.7"));
  EXPECT_LT(page.find("<h3>score0.7"), page.find("<h3>score0.3"));
  EXPECT_LT(page.find("<h3>score0.2"), page.find("<h3>score0.1"));
  EXPECT_EQ(CountIn(page, "<figure "), 2U);
  EXPECT_LT(page.rfind("<figure "), page.find("<h3>score0.3"));
  EXPECT_NE(page.find("of the 2 most suspicious inputs"), std::string::npos);
}

TEST_F(HtmlReportTest, UnfinishedRunAndForcedSettingsAreSaid) {
  facts_.notes = {"faces are found by hog, but the network was trained on retinaface"};
  Begin();
  const std::string page = Page("stopped by the user after 0 of 3 inputs");
  EXPECT_NE(page.find("<strong>Not complete:</strong> stopped by the user after 0 of 3 inputs"),
            std::string::npos);
  EXPECT_NE(page.find("<strong>Forced by the user:</strong> faces are found by hog"), std::string::npos);
  EXPECT_EQ(Misnesting(page), "");
}

TEST_F(HtmlReportTest, NothingIsLeftOfARunThatDies) {
  Begin();
  const VideoResult result = MadeResult({{0.9, 0.9, 0.9}});
  report_->Add(Named("a.mp4", result), {});
  report_.reset();
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(HtmlReportTest, WrongPlacesAreRefusedAtOnce) {
  options_.report = (folder_ / "none/report.html").string();
  EXPECT_EQ(CatchMessage([&] { Begin(); }),
            options_.report + ": cannot be written: No such file or directory");
  options_.report = folder_.path().string();
  EXPECT_EQ(CatchMessage([&] { Begin(); }), "--report: names a folder");
  options_.report = (folder_ / "film.mp4").string();
  WriteFile(options_.report, "film");
  EXPECT_EQ(CatchMessage([&] { Begin(); }),
            "--report: " + options_.report + " is a video or picture, and would be overwritten");
}

TEST(PageOptionsTest, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(CatchMessage([] { PageOptions{.explain = true}.Check(); }), "--explain: needs --report");
  EXPECT_EQ(CatchMessage([] { PageOptions{.report = "r.html", .report_pictures = -1}.Check(); }),
            "--report-pictures: must be at least 0, not -1");
  EXPECT_EQ(
      CatchMessage([] { PageOptions{.report = "r.html", .explain = true, .report_pictures = 0}.Check(); }),
      "--explain: needs --report-pictures above 0");
}

TEST(ModelCardTest, SaysWhatTheCheckpointHoldsAndWhatIsUnknown) {
  RunFacts facts;
  const std::string bare = ModelCard(facts);
  EXPECT_NE(bare.find("unknown: the checkpoint holds no measurements"), std::string::npos);
  EXPECT_NE(bare.find("unknown: the checkpoint does not say"), std::string::npos);
  EXPECT_NE(bare.find("none: how often a score is right is unknown"), std::string::npos);

  facts.info.epoch = 27;
  facts.info.metrics = R"({"val_auc_video": 0.912345678, "val_eer_video": 0.125})";
  facts.info.recipe = R"({"data": {"train": {"sha256": "feed"}}, "options": {"epochs": 27}})";
  facts.info.calibration = Calibration{.temperature = 1.5, .real = 12, .fake = 34};
  const std::string card = ModelCard(facts);
  EXPECT_EQ(card.find("unknown"), std::string::npos);
  EXPECT_NE(card.find("<dt>val_auc_video</dt><dd>0.912346</dd>"), std::string::npos);
  EXPECT_NE(card.find("<dt>data train sha256</dt><dd>feed</dd>"), std::string::npos);
  EXPECT_NE(card.find("12 real and 34 fake validation videos"), std::string::npos);
}

std::string Words(const VideoResult& result, const VerdictRule& rule) {
  return fmt::format("{}", fmt::join(VerdictWords(result, rule, {}), "\n"));
}

TEST(VerdictWordsTest, TellScoreThresholdBandAndWhoDecided) {
  VideoResult result = MadeResult({{0.1, 0.1, 0.1}, {0.9, 0.8, 0.7}, {0.99, 0.99}});
  result.row.frames = 10;
  result.row.small_faces = 1;
  VerdictRule rule;
  rule.source = "the checkpoint's";
  rule.band_low = 0.4;
  rule.band_high = 0.6;
  EXPECT_EQ(
      Words(result, rule),
      "The score is 0.8000, at or above the threshold of 0.500 (the checkpoint's), and outside the uncertain "
      "band from 0.400 to 0.600.\n"
      "The network was not calibrated: the score ranks videos, and is no probability of being fake.\n"
      "It is that of the most suspicious person, #2: the mean of the scores of 3 frames from 0:00.0 to "
      "0:02.0.\n"
      "10 frames looked at, 8 faces found, 3 people followed.\n"
      "In 7 frames no face was scored; what happens there is not judged.\n"
      "1 face too small to be judged passed over.\n"
      "1 person was seen too briefly to count: told, but without a score and a say in the verdict.");
}

TEST(VerdictWordsTest, TellUncertainAndCalibratedAnswers) {
  VideoResult result = MadeResult({{0.5, 0.5, 0.5}});
  result.row.verdict = Verdict::kUncertain;
  result.row.probability = 0.47;
  VerdictRule rule;
  rule.band_low = 0.4;
  rule.band_high = 0.6;
  EXPECT_NE(Words(result, rule).find("inside the band from 0.400 to 0.600"), std::string::npos);
  EXPECT_NE(Words(result, rule).find("a probability of 47 % of being fake"), std::string::npos);
}

TEST(VerdictWordsTest, TellWhatTheVerdictRestsOn) {
  VideoResult result = MadeResult({{0.99}});
  result.row.frames = 32;
  result.row.cautions = {HdrFilm("PQ")};
  Judge(MakeVerdictRule(0.5, {}), AggregateOptions{}, &result.row);
  const std::string words = Words(result, MakeVerdictRule(0.5, {}));
  EXPECT_NE(
      words.find("The score is 0.9900, and decides nothing: nobody was seen in enough frames (seen in 1 of "
                 "32 frames). A face found so rarely may be a detector's mistake."),
      std::string::npos)
      << words;
  EXPECT_NE(words.find("Caution: an HDR film (PQ): its colours were mapped to the usual range."),
            std::string::npos)
      << words;
}

TEST(VerdictWordsTest, NoFaceIsNoSignOfBeingReal) {
  VideoResult result;
  result.row.status = Status::kNoFace;
  result.row.reason = "no face in any of the frames looked at";
  result.row.frames = 4;
  result.row.verdict = Verdict::kNoFace;
  EXPECT_EQ(Words(result, {}),
            "No face could be scored, so nothing is said: that is no sign of being real.\n"
            "Status no_face: no face in any of the frames looked at.\n"
            "4 frames looked at, 0 faces found, 0 people followed.");
}

TEST(ScoreChartTest, LongVideosAreThinnedOutToTheirExtremes) {
  std::vector<double> scores(5000, 0.25);
  scores[1234] = 1;
  scores[4321] = 0;
  const std::string svg = ScoreChart(MadeResult({scores}).row.people, {}, "title");
  EXPECT_LT(svg.size(), 10'000U);
  EXPECT_NE(svg.find(",10.0 "), std::string::npos);   // the top
  EXPECT_NE(svg.find(",174.0 "), std::string::npos);  // the bottom
}

TEST(ScoreChartTest, ClockCountsMinutesAndHours) {
  EXPECT_EQ(ToClock(0), "0:00.0");
  EXPECT_EQ(ToClock(62.34), "1:02.3");
  EXPECT_EQ(ToClock(59.96), "1:00.0");
  EXPECT_EQ(ToClock(3725.5), "1:02:05.5");
}

}  // namespace
}  // namespace seam
