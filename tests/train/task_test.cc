#include "train/task.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "models/torch/checkpoint.h"
#include "tests/support/support.h"
#include "tests/train/train_program.h"
#include "train/run_folder.h"
#include "train/trainer.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// Another task than the classifier: a picture of one grey has any number of readings of how bright it is, and
// the network learns them by squared error. The better epoch has the smaller error.
struct GreyPicture {
  float grey;                        // 0 to 1
  std::vector<float> readings = {};  // none, one or several
};

torch::Tensor Pixels(const GreyPicture& picture) {
  return torch::full({1, 3, 256, 256}, 255 * picture.grey).to(torch::kUInt8);
}

class BrightnessBatch : public TrainBatch {
 public:
  explicit BrightnessBatch(std::vector<GreyPicture> pictures) : pictures_(std::move(pictures)) {}

  std::int64_t samples() const override { return static_cast<std::int64_t>(pictures_.size()); }
  std::int64_t progress() const override { return samples(); }
  std::vector<torch::Tensor> Forward(Model* network) const override {
    std::vector<torch::Tensor> pixels;
    for (const auto& picture : pictures_) pixels.push_back(Pixels(picture));
    return {network->forward(torch::stack(pixels))};
  }
  BatchLoss Loss(const std::vector<torch::Tensor>& answers) const override {
    torch::Tensor sum = torch::zeros({});
    for (std::size_t i = 0; i < pictures_.size(); ++i) {
      for (const float reading : pictures_[i].readings)
        sum = sum + (answers[0][static_cast<std::int64_t>(i)] - reading).square();
    }
    return {sum, sum};
  }
  std::vector<std::string> InputNames() const override { return {"grey"}; }

 private:
  std::vector<GreyPicture> pictures_;
};

class BrightnessSource : public BatchSource {
 public:
  explicit BrightnessSource(const std::vector<GreyPicture>& pictures) : pictures_(pictures) {}
  std::int64_t batches() const override { return static_cast<std::int64_t>(pictures_.size()) / 2; }
  std::int64_t progress() const override { return static_cast<std::int64_t>(pictures_.size()); }
  std::unique_ptr<TrainBatch> Next() override {
    if (next_ + 2 > pictures_.size()) return nullptr;
    next_ += 2;
    return std::make_unique<BrightnessBatch>(std::vector{pictures_[next_ - 2], pictures_[next_ - 1]});
  }

 private:
  const std::vector<GreyPicture>& pictures_;
  std::size_t next_ = 0;
};

class BrightnessTask : public Task {
 public:
  // Cancels `cancel` while the epoch of this number is validated.
  explicit BrightnessTask(int cancel_in = 0, const CancelSource& source = CancelSource())
      : cancel_in_(cancel_in), source_(source) {
    schema_.unit = "pictures";
    schema_.measures = {"val_error"};
    schema_.plateau = "val_error";
    schema_.better = {{"val_error", false}};
    schema_.part_counts = {"pictures"};
    schema_.part_values = {"val_error"};
  }

  const RowSchema& schema() const override { return schema_; }
  std::vector<std::string> local_options() const override { return {}; }
  InitialModel MakeNetwork(const std::string& init, std::uint64_t seed) const override {
    ModelOptions options;
    options.model = "meso4";
    options.Check();
    return MakeInitialModel(options, init, seed);
  }
  void Open(const Model&) override {}
  nlohmann::json Describe() const override {
    return {{"data", {{"train", {{"sha256", "a"}}}, {"val", {{"sha256", "b"}}}}}};
  }
  void AddFindings(DataParallel*, nlohmann::json* data) const override { (*data)["train"]["dark"] = 1; }
  std::unique_ptr<BatchSource> BeginEpoch(int, std::uint64_t, const ProcessPlace&, const Model&) override {
    return std::make_unique<BrightnessSource>(train_);
  }
  bool Validate(Model* network, DataParallel*, const CancelToken& cancel, EpochRow* row) override {
    if (row->epoch == cancel_in_) source_.Cancel();
    if (cancel.Cancelled()) return false;
    const torch::NoGradGuard no_grad;
    network->eval();
    const double answer = network->forward(Pixels({.grey = 0.5}).unsqueeze(0)).item<double>();
    const double error = (answer - 3) * (answer - 3);
    row->measures["val_error"] = error;
    row->parts = {{.name = "grey", .counts = {{"pictures", 1}}, .values = {{"val_error", error}}}};
    return true;
  }
  void FillCheckpoint(CheckpointInfo* info) const override {
    info->crop.set_size(256);
    info->crop.set_align("none");
    info->crop.set_detector("retinaface");
    info->crop.set_detect_size(320);
    info->crop.set_encoding("jpeg");
    info->crop.set_quality(95);
  }
  std::string Text(const EpochRow&, int) const override { return ""; }

 private:
  RowSchema schema_;
  std::vector<GreyPicture> train_ = {{0.5, {3}}, {0.5, {3, 3}}, {0.25, {}}, {0.5, {3}}};
  int cancel_in_;
  CancelSource source_;
};

class TaskTest : public testing::Test {
 protected:
  TrainerOptions Options(const std::string& run, int epochs) {
    TrainerOptions options;
    options.output = (folder_ / run).string();
    options.epochs = epochs;
    options.threads = 1;
    options.schedule = {.lr = 0.01, .schedule = "constant", .warmup = 0};
    return options;
  }
  static void Train(const TrainerOptions& options, std::unique_ptr<Task> task,
                    const CancelToken& cancel = {}) {
    Trainer(options, std::move(task), nlohmann::json::object({{"init", ""}}), cancel).Run();
  }

  TemporaryFolder folder_;
};

TEST_F(TaskTest, TrainerLearnsWhateverATaskSays) {
  Train(Options("run", 6), std::make_unique<BrightnessTask>());
  const RunFolder run(folder_ / "run", BrightnessTask().schema());
  const std::string metrics = ReadFile(run.metrics());
  EXPECT_THAT(metrics, StartsWith("epoch,lr,train_loss,val_error,seconds,pictures_per_second\n1,0.01,"));
  EXPECT_THAT(ReadFile(run.parts()), StartsWith("epoch,part,pictures,val_error\n1,grey,1,"));
  const auto state = run.LoadState();
  ASSERT_TRUE(state);
  const auto least =
      std::min_element(state->rows.begin(), state->rows.end(),
                       [](const auto& a, const auto& b) { return a.train_loss < b.train_loss; });
  EXPECT_LT(least->train_loss, state->rows.front().train_loss / 2);
  int best = 1;
  for (const EpochRow& row : state->rows) {
    if (row.Measure("val_error") < state->rows[static_cast<std::size_t>(best) - 1].Measure("val_error"))
      best = row.epoch;
  }
  EXPECT_EQ(LoadCheckpoint(run.best()).info.epoch, best) << metrics;
  EXPECT_EQ(run.ReadRun()["data"]["train"]["dark"], 1);
}

TEST_F(TaskTest, ResumedRunOfAnyTaskIsTheUninterruptedOne) {
  Train(Options("whole", 3), std::make_unique<BrightnessTask>());
  Train(Options("parts", 1), std::make_unique<BrightnessTask>());
  auto rest = Options("parts", 3);
  rest.resume = true;
  Train(rest, std::make_unique<BrightnessTask>());
  ExpectSameWeights(folder_ / "whole/last.safetensors", folder_ / "parts/last.safetensors");
}

TEST_F(TaskTest, CancelledRunKeepsItsFinishedEpochs) {
  const CancelSource source;
  const std::string problem = CatchMessage(
      [&] { Train(Options("run", 3), std::make_unique<BrightnessTask>(2, source), source.token()); });
  EXPECT_THAT(problem, AllOf(HasSubstr("interrupted in epoch 2"), HasSubstr("epochs up to 1 are kept")));
  EXPECT_EQ(RunFolder(folder_ / "run", BrightnessTask().schema()).LoadState()->epoch(), 1);
}

}  // namespace
}  // namespace seam
