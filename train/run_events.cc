#include "train/run_events.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/event_file.h"

namespace seam {

void EventOptions::Register(Options* options) {
  options->Add("events", &every,
               "batches between two points of TensorBoard's training curves; 0: no event file",
               Between(0, 1e6, "10 is usual, 0 writes none"));
}

void EventOptions::Check() const { CheckDeclared(*this); }

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

void RunEvents::AddBatch(std::int64_t step, const TrainBatch& batch, double loss, double learning_rate) {
  Impl& run = *impl_;
  if (run.every == 0) return;
  if (!run.file) run.file.emplace(run.folder, step);
  run.step = step;
  run.loss += loss;
  ++run.batches;
  if (step == 1) {
    const Sheet sheet = batch.Picture();
    if (!sheet.png.empty())
      run.file->AddImage(step, "train/first_batch", sheet.png, sheet.width, sheet.height);
  }
  if (step != 1 && step % run.every != 0) return;
  run.file->AddScalars(step, {{"train/batch_loss", run.loss / run.batches},
                              {"train/lr", learning_rate},
                              {"train/memory_gb", static_cast<double>(ResidentBytes()) / 1e9}});
  run.loss = 0;
  run.batches = 0;
}

void RunEvents::AddEpoch(const EpochRow& row, const Task& task) {
  Impl& run = *impl_;
  if (!run.file) return;
  const RowSchema& schema = task.schema();
  std::vector<std::pair<std::string, double>> scalars = {
      {"train/loss", row.train_loss},
      {fmt::format("train/{}_per_second", schema.unit), row.units_per_second},
      {"train/epoch", row.epoch}};
  for (const auto* names : {&schema.measures, &schema.more_measures}) {
    for (const auto& name : *names) {
      // val_auc_frame is val/auc_frame.
      const std::string tag = name.starts_with("val_") ? "val/" + name.substr(4) : name;
      scalars.emplace_back(tag, row.Measure(name));
    }
  }
  for (const PartRow& part : row.parts) {
    if (schema.part_values.empty()) break;
    scalars.emplace_back("val_parts/" + part.name, part.values.at(schema.part_values.front()));
  }
  run.file->AddScalars(run.step, scalars);
  task.AddCurves(run.step, &*run.file);
}

}  // namespace seam
