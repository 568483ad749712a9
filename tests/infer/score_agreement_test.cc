// `seam extract` and `seam score`, or `seam infer`: two ways from the same videos to a score file.

#include <cmath>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/lines.h"
#include "proto/crop_spec.h"
#include "spectrum/feature.h"
#include "spectrum/spectrum_model.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ScoreAgreementTest : public testing::Test {
 protected:
  void SetUp() override {
#ifndef SEAM_HAS_SCORE
    GTEST_SKIP() << "needs seam score, which this build without LibTorch lacks";
#endif
    SEAM_NEEDS_DEMO_CLIP();
    for (const char* label : {"real", "fake"}) fs::create_directories(folder_ / "in" / label);
    const std::string demo = "-i " + Quoted(DemoClip().string());
    MakeVideo(folder_ / "in/fake/one.mp4", demo + " -t 1.2 -vf eq=brightness=0.05");
    // Two people, and a third who is there for a moment.
    MakeVideo(folder_ / "in/real/several.mp4",
              demo +
                  " -t 1.2 -filter_complex \"[0]split=3[a][b][c];[b]hflip[d];[c]hue=s=0,"
                  "drawbox=t=fill:c=gray:enable='gt(t,0.15)'[e];[a][d][e]hstack=3\"");
    MakeVideo(folder_ / "in/fake/once.mp4",
              demo + " -t 1.2 -vf \"drawbox=t=fill:c=gray:enable='gt(t,0.1)'\"");
    MakeVideo(folder_ / "in/real/grey.mp4", "-f lavfi -i color=gray:size=320x240:rate=10:duration=2");
    MakeVideo(folder_ / "in/real/whole.mp4", demo + " -c copy -movflags +faststart");
    const std::string whole = ReadFile(folder_ / "in/real/whole.mp4");
    WriteFile(folder_ / "in/fake/half.mp4", whole.substr(0, whole.size() / 2));
    WriteFile(folder_ / "in/fake/text.mp4", "no video");
  }

  // By path, without what is known of shards alone.
  std::map<std::string, Json> Rows(const std::string& name) const {
    std::map<std::string, Json> rows;
    const std::string text = ReadFile(folder_ / name);
    for (const auto& line : NumberedLines(text)) {
      Json row = Json::parse(line.text);
      for (const char* of_shards : {"dataset", "method", "group", "split"}) row.erase(of_shards);
      const std::string path = row.at("path");
      rows[path] = std::move(row);
    }
    return rows;
  }

  // Both ways with one checkpoint; fails where a field of a row differs.
  void Compare(const fs::path& checkpoint, const std::string& extract, const std::string& infer) const {
    const std::string model = checkpoint.string();
    const std::string top = "cd " + folder_.path().string() + " && ";
    const CommandResult extracted = RunCommand(
        top +
        "seam extract --quiet --input in --output shards --split 0,0,1 --detector hog --detect-size 800 "
        "--faces all --size 256 --margin 0.3 --align none --encoding jpeg --quality 95 " +
        extract);
    ASSERT_EQ(extracted.status, 3) << extracted.err;
    const CommandResult scored =
        RunCommand(top + "seam score --quiet --data shards --output score.jsonl --model " + model);
    ASSERT_EQ(scored.status, 0) << scored.err;
    const CommandResult inferred = RunCommand(
        top + "cd in && seam infer --quiet real fake --label-folders --jsonl ../infer.jsonl --model " +
        model + " " + infer);
    ASSERT_EQ(inferred.status, 3) << inferred.err;
    const auto of_score = Rows("score.jsonl"), of_infer = Rows("infer.jsonl");
    ASSERT_EQ(of_score.size(), 7U);
    ASSERT_EQ(of_infer.size(), 7U);
    for (const auto& [path, row] : of_score) {
      SCOPED_TRACE(path);
      const Json one = row.flatten(), other = of_infer.at(path).flatten();
      for (const auto& [key, value] : one.items()) {
        ASSERT_TRUE(other.contains(key)) << key << " of seam score is " << value;
        if (value.is_number_float() && other[key].is_number())
          EXPECT_NEAR(value.get<double>(), other[key].get<double>(), 1e-6) << key;
        else
          EXPECT_EQ(value, other[key]) << key;
      }
      for (const auto& [key, value] : other.items())
        EXPECT_TRUE(one.contains(key)) << key << " of seam infer is " << value;
    }
    // There is something to agree on.
    EXPECT_EQ(of_infer.at("real/several.mp4").at("people"), 3);
    EXPECT_EQ(of_infer.at("real/grey.mp4").at("verdict"), "no_face");
    EXPECT_EQ(of_infer.at("fake/text.mp4").at("verdict"), "error");
    EXPECT_EQ(of_infer.at("fake/half.mp4").at("status"), "damaged");
    EXPECT_TRUE(of_infer.at("fake/one.mp4").at("probability").is_number());
  }

  // A classifier of the spectra of 256 pixels, of noise: its scores differ from crop to crop.
  fs::path MakeSpectrumFile() const {
    FeatureOptions features;
    features.features = 20;
    FeatureSet set;
    set.shape = {20};
    set.classes = {"real", "fake"};
    set.recipe = features.ToJson();
    set.recipe["crop"] = Json::parse(CropSpecJson(InfoOfAll().crop));
    for (int i = 0; i < 40; ++i) {
      set.labels.push_back(i % 2);
      for (int k = 0; k < 20; ++k) set.values.push_back(1 + 0.1 * std::sin(7 * i + 3 * k * (i % 2 + 1)));
    }
    ClassifierOptions options;
    options.solver = "log";
    options.max_iterations = 50;
    SpectrumModel::Train(set, options).Save(folder_ / "s.safetensors", InfoOfAll());
    return folder_ / "s.safetensors";
  }

  // Calibrated, for everybody in a video.
  static CheckpointInfo InfoOfAll() {
    CheckpointInfo info;
    info.crop = HogCrop(256);
    info.crop.set_detect_size(800);
    info.crop.set_faces("all");
    info.calibration = Calibration{.temperature = 2, .band_low = 0.2, .band_high = 0.6};
    return info;
  }

  fs::path MakeModelFile(int window) const {
    ModelOptions options;
    CheckpointInfo info = InfoOfAll();
    if (window > 1) {
      options.temporal.head = "lstm";
      options.temporal.frames = window;
      options.temporal.hidden = 8;
      info.crop.set_window_stride(1);
    }
    return WriteCheckpoint(folder_ / "m.safetensors", options, info);
  }

  TemporaryFolder folder_;
};

TEST_F(ScoreAgreementTest, NetworksOfFramesSayTheSameOfShardsAndOfVideos) {
  Compare(MakeModelFile(1), "--frames 12", "--frames 12");
  const auto rows = Rows("infer.jsonl");
  EXPECT_EQ(rows.at("fake/once.mp4").at("reason"), "seen in 1 of 12 frames");
  EXPECT_EQ(rows.at("fake/once.mp4").at("verdict"), "uncertain");
  int brief = 0;
  for (const auto& track : rows.at("real/several.mp4").at("tracks"))
    brief += track.at("counts") == false ? 1 : 0;
  EXPECT_EQ(brief, 1);
}

TEST_F(ScoreAgreementTest, ClassifiersOfSpectraSayTheSameOfShardsAndOfVideos) {
  Compare(MakeSpectrumFile(), "--frames 12", "--frames 12");
}

TEST_F(ScoreAgreementTest, NetworksOfWindowsSayTheSameOfShardsAndOfVideos) {
  Compare(MakeModelFile(3), "--window 3 --windows 4", "--windows 4");
  EXPECT_EQ(Rows("infer.jsonl").at("fake/one.mp4").at("tracks").at(0).at("windows").size(), 4U);
}

}  // namespace
}  // namespace seam
