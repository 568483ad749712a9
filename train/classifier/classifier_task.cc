#include "train/classifier/classifier_task.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "evaluate/calibration.h"
#include "proto/crop_spec.h"
#include "train/classifier/clip_fit.h"
#include "train/classifier/data_record.h"
#include "train/classifier/preview.h"
#include "train/classifier/val_metrics.h"
#include "train/classifier/validation.h"

namespace seam {
namespace {

// Every process needs a clip of every batch.
void CheckShares(const EpochPlan& plan, const ProcessPlace& place) {
  for (std::size_t i = 0; i < plan.batches; ++i) {
    const std::size_t clips = plan.Whole(i).size();
    if (clips / plan.unit >= static_cast<std::size_t>(place.world)) continue;
    throw Error(place.Name(),
                fmt::format("batches of {} clips are too small for {} processes", clips, place.world),
                "a greater --batch, or fewer processes");
  }
}

class ClassifierSource : public BatchSource {
 public:
  ClassifierSource(const ClipDataset& dataset, EpochPlan plan, int workers,
                   const ClassifierLossOptions& options)
      : dataset_(dataset),
        options_(options),
        batches_(static_cast<std::int64_t>(plan.batches)),
        progress_(static_cast<std::int64_t>(plan.samples.size()) * plan.frames),
        loader_(dataset, std::move(plan), workers) {}

  std::int64_t batches() const override { return batches_; }
  std::int64_t progress() const override { return progress_; }
  std::unique_ptr<TrainBatch> Next() override {
    auto batch = loader_.Next();
    if (!batch) return nullptr;
    return std::make_unique<ClassifierBatch>(std::move(*batch), options_, &dataset_);
  }

 private:
  const ClipDataset& dataset_;
  ClassifierLossOptions options_;
  std::int64_t batches_, progress_;
  BatchLoader loader_;
};

}  // namespace

void ClassifierOptions::Register(Options* options) {
  data.Register(options);
  model.Register(options);
  options->Add("preview", &preview, "write a PNG of what the network will see, and train nothing");
  loader.Register(options);
  loss.Register(options);
}

void ClassifierOptions::Check() {
  data.Check();
  if (loss.xray > 0 && !loader.fakes.Blends())
    throw UsageError("--xray", "nothing says where stored fakes are blended", "add --fakes sbi or both");
  model.Check();
  loader.Check();
  loss.Check();
  if (loss.class_weights != "none" && (loader.balance != "none" || loader.fakes.Blends()))
    throw UsageError("--class-weights", "both classes are shown equally often already",
                     "leave it out, or --balance and --fakes");
}

// The data is compared by its digest.
std::vector<std::string> ClassifierOptions::FreeOptions() {
  return {"data", "workers", "allow-leak", "strict-data"};
}

void PreviewTraining(const ClassifierOptions& options, std::uint64_t seed) {
  const auto train = OpenTrainSplit(options.data, options.loader.fakes);
  const int window = options.model.temporal.head == "none" ? 1 : options.model.temporal.frames;
  WritePreview(*train, PlanTraining(*train, options.loader, seed, 1, window), options.preview);
  Say(fmt::format("{}: the first clips of each class, {}", options.preview,
                  options.loader.pairs || options.loader.fakes.Blends() ? "real and fake in pairs"
                                                                        : "real above, fake below"));
}

struct ClassifierTask::Impl {
  ClassifierOptions options;
  TrainingData data;
  // After the last epoch that was validated.
  LabelledScores clips, videos;
  std::optional<Calibration> calibration;
};

ClassifierTask::ClassifierTask(ClassifierOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
}

ClassifierTask::~ClassifierTask() = default;

const RowSchema& ClassifierTask::schema() const { return ClassifierRows(); }

std::vector<std::string> ClassifierTask::local_options() const { return {"data", "workers", "strict-data"}; }

InitialModel ClassifierTask::MakeNetwork(const std::string& init, std::uint64_t seed) const {
  return MakeInitialModel(impl_->options.model, init, seed);
}

void ClassifierTask::Open(const Model& network) {
  const ClassifierOptions& options = impl_->options;
  impl_->data = OpenTrainingData(options.data, options.loader.fakes);
  CheckClipsFit(*impl_->data.train, options.model.model, network.input());
  std::int64_t fakes = 0;
  const ClipDataset& train = *impl_->data.train;
  for (std::size_t i = 0; i < train.size(); ++i) fakes += train.label(i);
  impl_->options.loss.WeighClasses(static_cast<std::int64_t>(train.size()) - fakes, fakes);
}

nlohmann::json ClassifierTask::Describe() const {
  const TrainingData& data = impl_->data;
  return {{"data", {{"train", DataRecord(*data.train)}, {"val", DataRecord(*data.val)}}},
          {"crop", nlohmann::json::parse(CropSpecJson(data.train->crop()))}};
}

void ClassifierTask::AddFindings(DataParallel* processes, nlohmann::json* data) const {
  for (const ClipDataset* dataset : {impl_->data.train.get(), impl_->data.val.get()}) {
    std::vector<double> count = {static_cast<double>(dataset->bad_pictures())};
    processes->Sum(&count);
    (*data)[dataset->split()]["bad_pictures"] = static_cast<std::size_t>(count[0]);
  }
}

std::unique_ptr<BatchSource> ClassifierTask::BeginEpoch(int epoch, std::uint64_t seed,
                                                        const ProcessPlace& place, const Model& network) {
  const ClassifierOptions& options = impl_->options;
  const ClipDataset& train = *impl_->data.train;
  auto plan = TakeShare(
      PlanTraining(train, options.loader, seed, static_cast<std::uint64_t>(epoch), network.input().frames),
      place.rank, place.world);
  if (options.loss.xray > 0) plan.xray_side = network.graph()[network.map_node()].shape.side();
  CheckShares(plan, place);
  return std::make_unique<ClassifierSource>(train, std::move(plan), options.loader.workers, options.loss);
}

bool ClassifierTask::Validate(Model* network, DataParallel* processes, const CancelToken& cancel,
                              EpochRow* row) {
  Impl& impl = *impl_;
  const ClipDataset& val = *impl.data.val;
  const auto scores = ScoreClips(val, impl.options.loader, network, processes, cancel);
  if (!scores) return false;
  impl.clips = ClipScores(val, *scores);
  const int window = network->input().frames;
  impl.videos = VideoScores(val, *scores, window);
  FillRow(MeasureScores(impl.clips, impl.videos), MeasureParts(val, *scores, window), row);
  impl.calibration = Calibrate(impl.videos.scores, impl.videos.labels,
                               DatasetWeights(impl.videos.labels, impl.videos.datasets));
  return true;
}

void ClassifierTask::FillCheckpoint(CheckpointInfo* info) const {
  info->crop = impl_->data.val->crop();  // train's, but for whose faces: those that the threshold is of
  info->crop.set_tiles(TileRule(info->crop));
  info->threshold = impl_->calibration->threshold_eer;
  info->calibration = *impl_->calibration;
}

std::string ClassifierTask::Text(const EpochRow& row, int epochs) const {
  return EpochText(row, *impl_->calibration, epochs);
}

std::string ClassifierTask::Caveats() const {
  if (!impl_->calibration) return "";
  const std::string caveats = DescribeCaveats(*impl_->calibration);
  return caveats.empty() ? "" : "thresholds, band and temperature are rough: " + caveats;
}

void ClassifierTask::AddCurves(std::int64_t step, EventFile* file) const {
  file->AddPrCurve(step, "val/frames", impl_->clips.scores, impl_->clips.labels);
  file->AddPrCurve(step, "val/videos", impl_->videos.scores, impl_->videos.labels);
}

}  // namespace seam
