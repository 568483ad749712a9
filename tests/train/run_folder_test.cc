#include "train/run_folder.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "models/torch/tensors.h"
#include "tests/support/support.h"
#include "train/classifier/val_metrics.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class RunFolderTest : public testing::Test {
 protected:
  // Finishes epochs 1, 2, ... of these AUCs.
  void Finish(const std::vector<double>& aucs) {
    const auto model = MakeModel("meso4");
    for (const double auc : aucs) {
      EpochRow row;
      row.epoch = state_.epoch() + 1;
      FillRow({.val_auc_frame = auc}, {}, &row);
      state_.rows.push_back(row);
      CheckpointInfo info;
      info.model = "meso4";
      info.crop.set_size(256);
      info.crop.set_align("none");
      info.crop.set_detector("retinaface");
      info.crop.set_detect_size(320);
      info.crop.set_encoding("jpeg");
      info.crop.set_quality(95);
      info.epoch = row.epoch;
      state_.tensors = {{"step.x", torch::tensor(row.epoch, torch::kLong)}};
      run_.Save(*model, info, state_);
    }
  }

  TemporaryFolder folder_;
  RunFolder run_{folder_.path(), ClassifierRows()};
  TrainState state_;
};

TEST_F(RunFolderTest, BestIsTheFirstOfTheGreatestAuc) {
  Finish({0.6, 0.8, 0.8, 0.7});
  EXPECT_EQ(LoadCheckpoint(run_.best()).info.epoch, 2);
  EXPECT_EQ(LoadCheckpoint(run_.last()).info.epoch, 4);
}

int FindBest(const std::vector<ValidationMetrics>& epochs) {
  TrainState state;
  for (const auto& metrics : epochs) {
    EpochRow row;
    FillRow(metrics, {}, &row);
    row.epoch = state.epoch() + 1;
    state.rows.push_back(row);
  }
  return state.BestEpoch(ClassifierRows());
}

TEST(TrainStateTest, BestGoesByVideosThenFramesThenLossThenTime) {
  EXPECT_EQ(FindBest({}), 0);
  EXPECT_EQ(
      FindBest({{.val_auc_frame = 0.9, .val_auc_video = 0.7}, {.val_auc_frame = 0.8, .val_auc_video = 0.8}}),
      2);
  EXPECT_EQ(
      FindBest({{.val_auc_frame = 0.8, .val_auc_video = 1}, {.val_auc_frame = 0.9, .val_auc_video = 1}}), 2);
  EXPECT_EQ(FindBest({{.val_loss = 0.3, .val_auc_video = 1}, {.val_loss = 0.2, .val_auc_video = 1}}), 2);
  EXPECT_EQ(FindBest({{.val_loss = 0.3, .val_auc_video = 1}, {.val_loss = 0.3, .val_auc_video = 1}}), 1);
}

TEST_F(RunFolderTest, StateComesBack) {
  Finish({0.6, 0.75});
  const auto loaded = run_.LoadState();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->epoch(), 2);
  EXPECT_EQ(loaded->rows[1].Measure("val_auc_frame"), 0.75);
  EXPECT_EQ(loaded->tensors.at("step.x").item<int>(), 2);
  EXPECT_EQ(run_.LoadEpoch(2).info.epoch, 2);
}

TEST_F(RunFolderTest, MetricsHaveARowForEachEpoch) {
  Finish({0.6, 0.75});
  const std::string metrics = ReadFile(run_.metrics());
  EXPECT_THAT(metrics, StartsWith("epoch,lr,train_loss,val_loss,val_auc_frame,val_auc_video,seconds,"
                                  "crops_per_second,val_eer_frame,val_ap_frame,val_eer_video,val_ap_video,"
                                  "val_loss_video,val_auc_frame_low,val_auc_frame_high,"));
  EXPECT_THAT(metrics, AllOf(HasSubstr("\n1,0,0,0,0.6,0,0,0,"), HasSubstr("\n2,0,0,0,0.75,0,0,0,")));
}

TEST_F(RunFolderTest, KilledBetweenStateAndLastIsPutRight) {
  Finish({0.6});
  const std::string last = ReadFile(run_.last()), best = ReadFile(run_.best()),
                    metrics = ReadFile(run_.metrics());
  Finish({0.7});
  WriteFile(run_.last(), last);
  WriteFile(run_.best(), best);
  WriteFile(run_.metrics(), metrics);
  const auto loaded = run_.LoadState();
  run_.Publish(*loaded);
  EXPECT_EQ(LoadCheckpoint(run_.last()).info.epoch, 2);
  EXPECT_EQ(LoadCheckpoint(run_.best()).info.epoch, 2);
  EXPECT_THAT(ReadFile(run_.metrics()), HasSubstr("\n2,"));
}

TEST_F(RunFolderTest, KilledBetweenCheckpointAndStateGoesBackAnEpoch) {
  Finish({0.6});
  const std::string state = ReadFile(run_.state());
  const std::string last = ReadFile(run_.last()), best = ReadFile(run_.best());
  Finish({0.7});
  WriteFile(run_.state(), state);
  WriteFile(run_.last(), last);
  WriteFile(run_.best(), best);
  EXPECT_EQ(run_.LoadState()->epoch(), 1);
  EXPECT_EQ(run_.LoadEpoch(1).info.epoch, 1);
}

TEST_F(RunFolderTest, AMissingStateOfFinishedEpochsIsAnError) {
  Finish({0.6, 0.7, 0.8});
  std::filesystem::remove(run_.state());
  const auto missing = AllOf(StartsWith(run_.state().string()), HasSubstr("is missing"));
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), missing);
  std::filesystem::remove(run_.Epoch(2));
  std::filesystem::remove(run_.Epoch(3));
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), missing) << "last.safetensors tells it";
  std::filesystem::remove(run_.last());
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), missing) << "best.safetensors tells it";
  std::filesystem::remove(run_.best());
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), missing) << "metrics.csv tells it";
  std::filesystem::remove(run_.metrics());
  EXPECT_FALSE(run_.LoadState()) << "killed before the first state";
}

TEST_F(RunFolderTest, AStateOlderThanFinishedEpochsIsAnError) {
  Finish({0.6});
  const std::string state = ReadFile(run_.state());
  Finish({0.7, 0.8});
  WriteFile(run_.state(), state);
  EXPECT_THAT(
      CatchMessage([&] { run_.LoadState(); }),
      AllOf(StartsWith(run_.state().string()), HasSubstr("is of epoch 1, but epoch-0003.safetensors")));
  std::filesystem::remove(run_.Epoch(3));
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), HasSubstr("is of epoch 1, but last.safetensors"));
}

TEST_F(RunFolderTest, LastStandsInForARemovedEpochIfItIsOfThatEpoch) {
  Finish({0.6, 0.7});
  std::filesystem::remove(run_.Epoch(1));
  std::filesystem::remove(run_.Epoch(2));
  EXPECT_EQ(run_.LoadEpoch(2).info.epoch, 2);
  EXPECT_THAT(CatchMessage([&] { run_.LoadEpoch(1); }), HasSubstr("the weights of that epoch are missing"));
  run_.Publish(*run_.LoadState());
  EXPECT_EQ(LoadCheckpoint(run_.last()).info.epoch, 2);
}

TEST_F(RunFolderTest, StateThatIsNoneIsAnError) {
  Finish({0.6});
  auto file = LoadTensors(run_.state());
  file.metadata["epoch"] = "3";
  SaveTensors(run_.state(), file);
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }),
              AllOf(StartsWith(run_.state().string()), HasSubstr("is no training state")));
  for (const std::string rows : {"[]", "[{}]", "[[1]]", "{", "[{\"epoch\":\"1\"}]", "[1]"}) {
    file.metadata["epoch"] = "1";
    file.metadata["rows"] = rows;
    SaveTensors(run_.state(), file);
    EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), HasSubstr("is no training state")) << rows;
  }
  std::filesystem::copy_file(run_.last(), run_.state(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(CatchMessage([&] { run_.LoadState(); }), HasSubstr("is no training state"));
}

TEST_F(RunFolderTest, OverwriteRemovesWhatARunWritesAndNothingElse) {
  Finish({0.6});
  WriteFile(folder_ / "notes.txt", "mine");
  WriteFile(run_.parts(), "epoch,part");
  WriteFile(folder_ / "epoch-0001.safetensors.123.tmp", "half");
  run_.Prepare(false);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "epoch-0001.safetensors.123.tmp"));
  EXPECT_TRUE(run_.HasRun());
  run_.Prepare(true);
  EXPECT_FALSE(run_.HasRun());
  EXPECT_FALSE(std::filesystem::exists(run_.parts()));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "notes.txt"));
}

TEST_F(RunFolderTest, RunJsonThatIsNoneIsAnError) {
  EXPECT_THAT(CatchMessage([&] { run_.ReadRun(); }), HasSubstr("holds no run to resume"));
  Finish({0.6});
  EXPECT_THAT(CatchMessage([&] { run_.ReadRun(); }),
              AllOf(StartsWith(run_.run().string()), HasSubstr("is missing")));
  for (const std::string text : {"", "[]", "{}", "{\"options\": 3}"}) {
    WriteFile(run_.run(), text);
    EXPECT_THAT(CatchMessage([&] { run_.ReadRun(); }), HasSubstr("is not what `seam train` wrote")) << text;
  }
}

}  // namespace
}  // namespace seam
