// `seam score` and `seam evaluate --model --data` as a user runs them.

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/files.h"
#include "base/lines.h"
#include "models/torch/checkpoint.h"
#include "scores/score_file.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"
#include "train/classifier/validation.h"
#include "train/data/dataset.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ScoreProgramTest : public testing::Test {
 protected:
  void Make(const MadeDataset& made = {.train = 4, .val = 8, .clips_per_video = 2}) {
    MakeDataset(folder_ / "data", made);
  }
  // A checkpoint with fresh weights whose crop is that of the dataset.
  void MakeCheckpoint(const std::string& options = "", const std::string& recipe = "{}",
                      bool calibrated = false) {
    ModelOptions model;
    if (!options.empty()) model.temporal = {options, 2};
    CheckpointInfo info;
    info.crop = ClipDataset(folder_ / "data", "val").crop();
    if (change_crop_) change_crop_(&info.crop);
    info.threshold = 0.4;
    info.recipe = recipe;
    if (calibrated) info.calibration = Calibration{.temperature = 2, .band_low = 0.3, .band_high = 0.9};
    WriteCheckpoint(folder_ / "m.safetensors", model, info);
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }
  CommandResult Score(const std::string& options = "") const {
    return RunCommand("seam-score --quiet --model " + At("m.safetensors") + " --data " + At("data") +
                      " --split val --output " + At("s.jsonl") + " " + options);
  }
  std::vector<nlohmann::json> Lines() const {
    std::vector<nlohmann::json> lines;
    const std::string text = ReadFile(folder_ / "s.jsonl");
    for (const auto& line : NumberedLines(text)) lines.push_back(nlohmann::json::parse(line.text));
    return lines;
  }

  std::function<void(CropSpec*)> change_crop_;
  TemporaryFolder folder_;
};

TEST_F(ScoreProgramTest, EveryVideoHasTheScoresThatValidationHas) {
  Make();
  MakeCheckpoint();
  const CommandResult result = Score();
  ASSERT_EQ(result.status, 0) << result.err;
  const ClipDataset dataset(folder_ / "data", "val");
  Checkpoint checkpoint = LoadCheckpoint(folder_ / "m.safetensors");
  const auto expected = ScoreClips(dataset, {}, checkpoint.model.get());
  std::map<std::string, std::vector<double>> scores;
  for (std::size_t i = 0; i < dataset.size(); ++i) scores[dataset.video(i)].push_back((*expected)[i]);
  const auto rows = ReadScoreFile(folder_ / "s.jsonl");
  ASSERT_EQ(rows.size(), scores.size());
  for (const ScoreRow& row : rows) {
    EXPECT_THAT(row.frame_scores, testing::Pointwise(testing::DoubleNear(1e-5), scores.at(row.path)));
    EXPECT_NEAR(*row.score, (scores.at(row.path)[0] + scores.at(row.path)[1]) / 2, 1e-5);
    EXPECT_EQ(*row.label, row.path.starts_with("fake") ? FAKE : REAL);
    EXPECT_EQ(row.dataset, "made");
    EXPECT_EQ(row.split, "val");
    EXPECT_EQ(row.threshold, 0.4);
    EXPECT_FALSE(row.trained_on);
  }
}

TEST_F(ScoreProgramTest, VideosWithoutAClipHaveTheirRow) {
  Make();
  MakeCheckpoint();
  WriteFile(
      folder_ / "data/manifest.jsonl",
      R"({"video":"real/val-0000.mp4","label":"real","split":"val","status":"ok","frames":5})"
      "\n"
      R"({"video":"none.mp4","label":"fake","method":"swap","split":"val","status":"no_face","reason":"no face"})"
      "\n"
      R"({"video":"other.mp4","label":"fake","split":"train","status":"unreadable"})"
      "\n");
  ASSERT_EQ(Score().status, 0);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0]["frames"], 5);
  EXPECT_EQ(lines[1]["path"], "none.mp4");
  EXPECT_EQ(lines[1]["score"], nullptr);
  EXPECT_EQ(lines[1]["verdict"], "no_face");
  EXPECT_EQ(lines[1]["label"], 1);
  EXPECT_EQ(lines[1]["dataset"], "made");
  EXPECT_EQ(lines[1]["method"], "swap");
  const CommandResult result = RunCommand("seam-evaluate --resamples 0 --split val --model " +
                                          At("m.safetensors") + " --data " + At("data"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("inputs    5\n  scored    4 (coverage 80.0 %)"));
  EXPECT_THAT(result.out, HasSubstr("at threshold 0.4 (stored with the scores)"));
}

TEST_F(ScoreProgramTest, WindowsAndFramesOfWindowsHaveTheirScores) {
  Make({.train = 4, .val = 4, .frames = 4});
  MakeCheckpoint("mean");
  CommandResult result = Score();
  ASSERT_EQ(result.status, 0) << result.err;
  const auto windows = Lines()[0]["tracks"][0]["windows"];
  ASSERT_EQ(windows.size(), 1U);
  ASSERT_EQ(windows[0]["frames"].size(), 2U);
  EXPECT_EQ(windows[0]["frames"][0]["index"], 1);  // in the clip's middle
}

TEST_F(ScoreProgramTest, AnImageNetworkScoresEachFrameOfAWindow) {
  Make({.train = 4, .val = 4, .frames = 3});
  MakeCheckpoint();
  ASSERT_EQ(Score().status, 0);
  const auto line = Lines()[0];
  ASSERT_EQ(line["tracks"][0]["frames"].size(), 3U);
  EXPECT_EQ(line["tracks"][0]["frames"][2]["index"], 2);
}

TEST_F(ScoreProgramTest, OtherCropsAreRefusedUnlessForcedAndThenSaid) {
  Make();
  change_crop_ = [](CropSpec* crop) { crop->set_margin(0.5); };
  MakeCheckpoint();
  const CommandResult result = Score();
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr(": cut out with {"));
  EXPECT_THAT(result.err,
              HasSubstr("hint: extract the dataset with the checkpoint's options, or say --force"));
  EXPECT_FALSE(fs::exists(folder_ / "s.jsonl"));
  ASSERT_EQ(Score("--force").status, 0);
  EXPECT_THAT(Lines()[0]["note"].get<std::string>(), HasSubstr("but the network was trained on"));
  const CommandResult evaluated = RunCommand("seam-evaluate --resamples 0 --force --split val --model " +
                                             At("m.safetensors") + " --data " + At("data"));
  EXPECT_THAT(evaluated.out, HasSubstr("note      cut out with {"));
}

// Short clips: a person of two frames does not count beside one of three, wherever clips hold several frames.
TEST_F(ScoreProgramTest, ThresholdIsFittedOnTheScoresThatAreWritten) {
  for (const std::string head : {"", "mean"}) {
    MadeDataset made{.train = 4, .val = 12, .clips_per_video = 3, .frames = 2};
    made.change = [](const std::string&, int number, Clip* clip) {
      clip->set_track(number % 3 == 0 ? 0 : 1);  // seen in two frames, and in four
    };
    fs::remove_all(folder_ / "data");
    Make(made);
    MakeCheckpoint(head);
    ASSERT_EQ(Score().status, 0);
    const ClipDataset dataset(folder_ / "data", "val");
    Checkpoint checkpoint = LoadCheckpoint(folder_ / "m.safetensors");
    const auto scores = ScoreClips(dataset, {}, checkpoint.model.get());
    const LabelledScores videos = VideoScores(dataset, *scores, checkpoint.model->input().frames);
    std::map<std::string, double> expected;
    std::set<std::string> names;
    for (std::size_t i = 0; i < dataset.size(); ++i) names.insert(dataset.video(i));
    for (const std::string& name : names) expected[name] = videos.scores[expected.size()];
    for (const auto& line : Lines()) {
      EXPECT_NEAR(line["score"].get<double>(), expected.at(line["path"]), 1e-5) << head;
      EXPECT_EQ(line["tracks"][0]["counts"], false) << head;
      EXPECT_EQ(line["tracks"][1]["counts"], true) << head;
    }
  }
}

TEST_F(ScoreProgramTest, VerdictsAreThoseOfTheCheckpointsCalibration) {
  Make();
  MakeCheckpoint("", "{}", true);
  ASSERT_EQ(Score().status, 0);
  for (const auto& line : Lines()) {
    const double score = line["score"];
    EXPECT_EQ(line["verdict"], score >= 0.3 && score < 0.9 ? "uncertain" : score < 0.4 ? "real" : "fake");
    EXPECT_NEAR(line["probability"].get<double>(), CalibratedProbability(score, 2), 1e-12);
  }
}

TEST_F(ScoreProgramTest, EverybodysFacesAreScoredAndSaid) {
  Make();
  change_crop_ = [](CropSpec* crop) { crop->set_faces("all"); };
  MakeCheckpoint();
  ASSERT_EQ(Score().status, 0);
  EXPECT_THAT(Lines()[0]["note"].get<std::string>(),
              HasSubstr("the faces are 'largest', but in the network's val they were 'all'"));
}

TEST_F(ScoreProgramTest, ClipsThatDoNotFitTheNetworkAreRefused) {
  Make();
  MakeCheckpoint("lstm");
  EXPECT_THAT(Score().err, HasSubstr("the clips have 1 frame, but"));
  const CommandResult missing = RunCommand("seam-score --model " + At("m.safetensors") + " --data " +
                                           At("data") + " --split test --output " + At("s.jsonl"));
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr("test"));
}

TEST_F(ScoreProgramTest, ShardsOfTheRecipeAreToldApart) {
  Make();
  const auto recipe = [&](const char* split) {
    const std::string digest = ClipDataset(folder_ / "data", "val").digest();
    return fmt::format(R"({{"data":{{"{}":{{"sha256":"{}"}}}}}})", split, digest);
  };
  const std::string command =
      "seam-evaluate --resamples 0 --split val --model " + At("m.safetensors") + " --data " + At("data");
  MakeCheckpoint("", recipe("train"));
  ASSERT_EQ(Score().status, 0);
  EXPECT_EQ(Lines()[0]["trained_on"], true);
  CommandResult result = RunCommand(command);
  EXPECT_THAT(result.err, HasSubstr("the network was trained on 4 of these 4 inputs"));
  EXPECT_THAT(result.out, HasSubstr("warning   the network was trained on 4"));
  MakeCheckpoint("", recipe("val"), true);
  result = RunCommand(command);
  EXPECT_THAT(result.out, HasSubstr("at threshold 0.4 (stored; it was chosen on these very data"));
  MakeCheckpoint("", recipe("val"), false);
  EXPECT_THAT(RunCommand(command).out, HasSubstr("the network's epoch was chosen on these very data"));
}

TEST_F(ScoreProgramTest, BadCommandLinesAreWrongUse) {
  EXPECT_EQ(RunCommand("seam-score").status, 2);
  EXPECT_EQ(RunCommand("seam-score --model m --data d").status, 2);
  EXPECT_EQ(RunCommand("seam-score --model m --data d --output o --batch 0").status, 2);
  EXPECT_EQ(RunCommand("seam-score --model m --data d --output o --split all").status, 2);
}

}  // namespace
}  // namespace seam
