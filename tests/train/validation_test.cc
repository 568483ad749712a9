#include "train/validation.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "models/model.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {
namespace {

TEST(ValidationTest, VideoScoreIsTheGreatestOfItsTracksMeans) {
  const TemporaryFolder folder;
  MadeDataset made{.train = 2, .val = 8, .clips_per_video = 4, .size = 32};
  made.change = [](const std::string&, int number, Clip* clip) {
    clip->set_track(static_cast<std::uint32_t>(number % 4 / 2));  // two tracks of two clips
  };
  MakeDataset(folder.path(), made);
  const ClipDataset val(folder.path(), "val");
  // Real: means .5 and .5. Fake: means .1 and .6, of which the greater counts.
  const auto measured = MeasureScores(val, {0.9, 0.1, 0.5, 0.5, 0.1, 0.1, 0.6, 0.6});
  EXPECT_DOUBLE_EQ(measured.auc_video, 1);
  // Of the 16 pairs of a fake and a real clip: .6 beats .1 .5 .5 twice, .1 ties with .1 twice.
  EXPECT_DOUBLE_EQ(measured.auc_frame, (6 + 1) / 16.0);
}

TEST(ValidationTest, LossIsTheMeanOverClips) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 2, .size = 32});
  const ClipDataset val(folder.path(), "val");
  EXPECT_NEAR(MeasureScores(val, {0.25, 0.5}).loss, -(std::log(0.75) + std::log(0.5)) / 2, 1e-12);
}

TEST(ValidationTest, ClipsWithoutAScoreDoNotCount) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 2, .val = 4, .size = 32});
  const ClipDataset val(folder.path(), "val");
  const auto measured = MeasureScores(val, {0.25, 0.5, std::nan(""), 0.5});
  EXPECT_NEAR(measured.loss, -(std::log(0.75) + 2 * std::log(0.5)) / 3, 1e-12);
  EXPECT_DOUBLE_EQ(measured.auc_frame, 1);
  EXPECT_DOUBLE_EQ(measured.auc_video, 1);
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

}  // namespace
}  // namespace seam
