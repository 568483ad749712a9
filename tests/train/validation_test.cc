#include "train/classifier/validation.h"

#include <ATen/core/grad_mode.h>

#include <gmock/gmock.h>

#include <cmath>
#include <utility>

#include "models/torch/model.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {
namespace {

ValidationMetrics Measured(const ClipDataset& val, const std::vector<double>& scores) {
  return MeasureScores(ClipScores(val, scores), VideoScores(val, scores));
}

TEST(ValidationTest, VideoScoreIsTheGreatestOfItsTracksMeans) {
  const TemporaryFolder folder;
  MadeDataset made{.train = 2, .val = 8, .clips_per_video = 4, .size = 32};
  made.change = [](const std::string&, int number, Clip* clip) {
    clip->set_track(static_cast<std::uint32_t>(number % 4 / 2));  // two tracks of two clips
  };
  MakeDataset(folder.path(), made);
  const ClipDataset val(folder.path(), "val");
  // Real: means .5 and .5. Fake: means .1 and .6, of which the greater counts.
  const auto measured = Measured(val, {0.9, 0.1, 0.5, 0.5, 0.1, 0.1, 0.6, 0.6});
  EXPECT_DOUBLE_EQ(measured.val_auc_video, 1);
  // Of the 16 pairs of a fake and a real clip: .6 beats .1 .5 .5 twice, .1 ties with .1 twice.
  EXPECT_DOUBLE_EQ(measured.val_auc_frame, (6 + 1) / 16.0);
}

// As `seam score` and `seam infer` count: frames, not clips.
TEST(ValidationTest, APersonCountsByFramesNotByClips) {
  const TemporaryFolder folder;
  MadeDataset made{.train = 2, .val = 8, .clips_per_video = 4, .frames = 3, .size = 32};
  made.change = [](const std::string&, int number, Clip* clip) { clip->set_track(number % 4 == 0 ? 0 : 1); };
  MakeDataset(folder.path(), made);
  const ClipDataset val(folder.path(), "val");
  const std::vector<double> scores = {0.9, 0.1, 0.1, 0.1, 0.8, 0.2, 0.2, 0.2};
  EXPECT_THAT(VideoScores(val, scores).scores, testing::Pointwise(testing::DoubleNear(1e-12), {0.8, 0.9}));
  EXPECT_THAT(VideoScores(val, scores, 2).scores, testing::Pointwise(testing::DoubleNear(1e-12), {0.2, 0.1}));
}

TEST(ValidationTest, PrecisionAndRecallOfEachClassAreOfHalf) {
  ValidationMetrics metrics;
  // Reals .1 .2 .5 (called fake), fakes .4 (called real) .5 .9.
  MeasureAtHalf({{0.1, 0.2, 0.5, 0.4, 0.5, 0.9}, {0, 0, 0, 1, 1, 1}, {}, {}}, &metrics);
  EXPECT_DOUBLE_EQ(metrics.val_accuracy, 4 / 6.0);
  EXPECT_DOUBLE_EQ(metrics.val_precision_real, 2 / 3.0);
  EXPECT_DOUBLE_EQ(metrics.val_recall_real, 2 / 3.0);
  EXPECT_DOUBLE_EQ(metrics.val_precision_fake, 2 / 3.0);
  EXPECT_DOUBLE_EQ(metrics.val_recall_fake, 2 / 3.0);
  MeasureAtHalf({{0.1, 0.2}, {0, 1}, {}, {}}, &metrics);
  EXPECT_DOUBLE_EQ(metrics.val_precision_real, 0.5);
  EXPECT_DOUBLE_EQ(metrics.val_recall_fake, 0);
  EXPECT_TRUE(std::isnan(metrics.val_precision_fake));  // nothing is called fake
}

TEST(ValidationTest, LossIsTheMeanOverClips) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 2, .size = 32});
  const ClipDataset val(folder.path(), "val");
  EXPECT_NEAR(Measured(val, {0.25, 0.5}).val_loss, -(std::log(0.75) + std::log(0.5)) / 2, 1e-12);
}

TEST(ValidationTest, IntervalsAreOfVideosAndTheSameAgain) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 40, .clips_per_video = 4, .size = 32});
  const ClipDataset val(folder.path(), "val");
  std::vector<double> scores;
  for (std::size_t i = 0; i < val.size(); ++i)  // a video's clips score alike
    scores.push_back(0.1 * static_cast<double>(i / 4) / 2 + 0.2 * val.label(i));
  const auto measured = Measured(val, scores), again = Measured(val, scores);
  for (std::size_t i = 0; i < ValMeasures().size(); ++i) {
    const double value = measured.*ValMeasures()[i].value;
    EXPECT_LT(measured.intervals[i].low, measured.intervals[i].high) << ValMeasures()[i].name;
    EXPECT_LE(measured.intervals[i].low, value) << ValMeasures()[i].name;
    EXPECT_GE(measured.intervals[i].high, value) << ValMeasures()[i].name;
    EXPECT_EQ(measured.intervals[i].low, again.intervals[i].low);
  }
  // Four equal clips for each video: the frames' AUC and its interval are the videos'.
  EXPECT_DOUBLE_EQ(measured.val_auc_frame, measured.val_auc_video);
  EXPECT_DOUBLE_EQ(measured.intervals[0].low, measured.intervals[4].low);
}

// By hand: the fakes .3 and .9 stand before 3 of 4 pairs; at .4 one fake and one real are wrong.
TEST(ValidationTest, EveryMeasureIsThatOfItsScores) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 4, .size = 32});
  const ClipDataset val(folder.path(), "val");
  const auto measured = Measured(val, {0.2, 0.3, 0.4, 0.9});  // real, fake, real, fake
  EXPECT_DOUBLE_EQ(measured.val_auc_video, 0.75);
  EXPECT_DOUBLE_EQ(measured.val_eer_video, 0.5);
  EXPECT_DOUBLE_EQ(measured.val_ap_frame, (1 + 2 / 3.0) / 2);
  EXPECT_NEAR(measured.val_loss_video, -(std::log(0.8) + std::log(0.3) + std::log(0.6) + std::log(0.9)) / 4,
              1e-12);
}

TEST(ValidationTest, ClipsWithoutAScoreDoNotCount) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 4, .size = 32});
  const ClipDataset val(folder.path(), "val");
  const auto measured = Measured(val, {0.25, 0.5, std::nan(""), 0.5});
  EXPECT_NEAR(measured.val_loss, -(std::log(0.75) + 2 * std::log(0.5)) / 3, 1e-12);
  EXPECT_DOUBLE_EQ(measured.val_auc_frame, 1);
  EXPECT_DOUBLE_EQ(measured.val_auc_video, 1);
}

TEST(ValidationTest, ImageNetworksScoreOfAWindowIsTheMeanOfItsFrames) {
  const TemporaryFolder folder;
  MadeDataset made{.train = 2, .val = 3, .frames = 3, .size = 32};
  MakeDataset(folder.path(), made);
  const ClipDataset val(folder.path(), "val");
  ModelOptions options;
  options.size = 32;
  at::manual_seed(1);
  const auto model = MakeModel(options);
  const auto scores = ScoreClips(val, {.batch = 4}, model.get());
  ASSERT_TRUE(scores);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (int frame = 0; frame < 3; ++frame) {
      EpochPlan plan{.samples = {{i, frame}}, .batches = 1, .frames = 1};
      const auto clips = BatchLoader(val, plan, 1).Next()->clips;
      sum += torch::sigmoid(model->forward(clips)).item<double>();
    }
    EXPECT_NEAR((*scores)[i], sum / 3, 1e-6);
  }
}

TEST(ValidationTest, VideosKnowTheirDatasets) {
  const TemporaryFolder folder;
  for (const auto& [name, clips] : {std::pair("a", 4), {"b", 12}}) {
    MadeDataset made{.train = 2, .val = clips, .clips_per_video = 2, .size = 32};
    made.change = [name = std::string(name)](const std::string&, int, Clip* clip) {
      clip->set_dataset(name);
    };
    MakeDataset(folder.path() / name, made);
  }
  const ClipDataset val({{folder.path() / "a", 1}, {folder.path() / "b", 1}}, "val", ClipDataset::kStrict);
  const auto videos = VideoScores(val, std::vector<double>(val.size(), 0.5));
  const int a = videos.datasets.front(), b = videos.datasets.back();
  EXPECT_NE(a, b);
  EXPECT_EQ(videos.datasets, (std::vector<int>{a, a, b, b, b, b, b, b}));
}

TEST(ValidationTest, ClassWithoutAScoreIsAnError) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 4, .size = 32});
  const ClipDataset val(folder.path(), "val");
  EXPECT_THAT(CatchMessage([&] {
                VideoScores(val, {0.1, std::nan(""), 0.2, std::nan("")});
              }),
              testing::HasSubstr("no fake clip of the split 'val' has pictures that can be decoded"));
}

}  // namespace
}  // namespace seam
