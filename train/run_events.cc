#include "train/run_events.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/event_file.h"
#include "train/preview.h"

namespace seam {

void EventOptions::Register(Options* options) {
  options->Add("events", &every,
               "batches between two points of TensorBoard's training curves; 0: no event file");
}

void EventOptions::Check() const {
  if (every < 0 || every > 1'000'000)
    throw UsageError("--events", fmt::format("{} is not 0 to 1000000", every), "10 is usual, 0 writes none");
}

struct RunEvents::Impl {
  std::filesystem::path folder;
  int every = 0;
  std::optional<EventFile> file;
  std::int64_t step = 0;  // of the last batch
  double loss = 0;        // the sum over the batches since the last point
  int batches = 0;        // their number
};

RunEvents::RunEvents(std::filesystem::path folder, const EventOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->folder = std::move(folder);
  impl_->every = options.every;
}

RunEvents::~RunEvents() = default;

void RunEvents::AddBatch(std::int64_t step, const Batch& batch, double loss, double learning_rate) {
  Impl& run = *impl_;
  if (run.every == 0) return;
  if (!run.file) run.file.emplace(run.folder, step);
  run.step = step;
  run.loss += loss;
  ++run.batches;
  if (step == 1 && batch.clips.size(0) > 0) {
    const Sheet sheet = SheetOf(batch);
    run.file->AddImage(step, "train/first_batch", sheet.png, sheet.width, sheet.height);
  }
  if (step != 1 && step % run.every != 0) return;
  run.file->AddScalars(step, {{"train/batch_loss", run.loss / run.batches},
                              {"train/lr", learning_rate},
                              {"train/memory_gb", static_cast<double>(ResidentBytes()) / 1e9}});
  run.loss = 0;
  run.batches = 0;
}

void RunEvents::AddEpoch(const EpochRow& row, const LabelledScores& clips, const LabelledScores& videos) {
  Impl& run = *impl_;
  if (!run.file) return;
  std::vector<std::pair<std::string, double>> scalars = {{"train/loss", row.train_loss},
                                                         {"train/crops_per_second", row.crops_per_second},
                                                         {"train/epoch", row.epoch}};
  for (std::size_t i = 0; i < ValMeasures().size(); ++i) {
    // val_auc_frame is val/auc_frame.
    const std::string tag = "val/" + std::string(ValMeasures()[i].name).substr(4);
    scalars.emplace_back(tag, row.*ValMeasures()[i].value);
    scalars.emplace_back(tag + "_low", row.intervals[i].low);
    scalars.emplace_back(tag + "_high", row.intervals[i].high);
  }
  for (const ValPart& part : row.parts) scalars.emplace_back("val_parts/" + part.name, part.auc_video);
  run.file->AddScalars(run.step, scalars);
  run.file->AddPrCurve(run.step, "val/frames", clips.scores, clips.labels);
  run.file->AddPrCurve(run.step, "val/videos", videos.scores, videos.labels);
}

}  // namespace seam
