#include "train/trainer.h"

#include <ATen/Parallel.h>
#include <tbb/info.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "models/networks/graph.h"
#include "models/torch/checkpoint.h"
#include "train/data_parallel.h"
#include "train/initial_model.h"
#include "train/run_folder.h"
#include "train/run_record.h"

namespace seam {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

using Batches = std::vector<std::unique_ptr<TrainBatch>>;

// A few names of inputs of these batches.
std::string SomeInputs(std::span<const std::unique_ptr<TrainBatch>> batches) {
  constexpr std::size_t kShown = 3;
  std::set<std::string> names;
  for (const auto& batch : batches) {
    for (auto& name : batch->InputNames()) names.insert(std::move(name));
  }
  std::vector<std::string> shown;
  for (const auto& name : names) {
    if (shown.size() < kShown) shown.push_back(name);
  }
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
}

std::int64_t CountSteps(std::int64_t batches, int accumulate) {
  return (batches + accumulate - 1) / accumulate;
}

// The batches of a step: `count`, at the end of the epoch what is left, then none.
Batches NextBatches(BatchSource* source, int count) {
  Batches batches;
  while (batches.size() < static_cast<std::size_t>(count)) {
    auto batch = source->Next();
    if (!batch) break;
    batches.push_back(std::move(batch));
  }
  return batches;
}

struct Sum {
  double total = 0;
  std::int64_t count = 0;
  void Add(double mean, std::int64_t of) {
    total += mean * static_cast<double>(of);
    count += of;
  }
};

// Binary weights come nearer to signs from epoch to epoch.
void Cool(Model* model, double factor) {
  const torch::NoGradGuard no_gradients;
  for (auto& buffer : model->named_buffers()) {
    if (IsTemperature(buffer.key())) buffer.value().mul_(factor);
  }
}

}  // namespace

struct Trainer::Impl {
  Impl(TrainerOptions given, std::unique_ptr<Task> given_task, CancelToken given_cancel);

  // Opens everything and checks that it fits together.
  void Open(const nlohmann::json& recorded);
  // Runs `work`, and says in one line what came between the processes.
  template <class Work>
  void Together(const Work& work);
  // The model, when it is the one that is trained: its weights in all processes, its norms.
  void Share();
  void Run();
  // False when the user interrupts.
  bool TrainEpoch(int epoch, EpochRow* row);
  bool ValidateEpoch(EpochRow* row);
  bool Impatient() const;
  void SaveEpoch(const EpochRow& row);
  // What only an epoch finds out of the data: into run.json.
  void RecordFindings();
  void Continue();
  // `first`: the number of the first of the step's batches in the epoch.
  void CheckResult(const StepResult& result, int epoch, std::size_t first, const Batches& batches) const;
  [[noreturn]] void StopAtInterrupt(int epoch) const;

  TrainerOptions options;
  std::unique_ptr<Task> task;
  CancelToken cancel;
  RunFolder folder;
  TrainPrecision precision;
  DataParallel processes;
  std::shared_ptr<Model> model;
  std::optional<TrainStep> step;  // on `model`
  TrainState state;
  nlohmann::json record;
  std::string recipe;
  RunEvents events;
};

Trainer::Impl::Impl(TrainerOptions given, std::unique_ptr<Task> given_task, CancelToken given_cancel)
    : options(std::move(given)),
      task(std::move(given_task)),
      cancel(std::move(given_cancel)),
      folder(options.output, task->schema()),
      precision(ResolvePrecision(options.precision)),
      processes(FindProcessPlace(), std::chrono::seconds(options.process_timeout), precision.device.type()),
      events(folder.path(), processes.leads() ? options.events : EventOptions{.every = 0}) {
  if (processes.world() == 1) return;
  if (!processes.leads()) SetQuiet(true);
  if (precision.device.is_cuda()) precision.device = ChooseGpu(processes.place());
}

template <class Work>
void Trainer::Impl::Together(const Work& work) {
  try {
    work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    if (cancel.Cancelled()) StopAtInterrupt(state.epoch() + 1);
    processes.Explain(std::current_exception());
  }
}

void Trainer::Impl::Open(const nlohmann::json& recorded) {
  if (processes.leads() && folder.HasRun() && !options.resume && !options.overwrite) {
    throw Error(options.output, "holds a run already",
                "--resume goes on with it, --overwrite removes it, another --output keeps both");
  }
  const int cores = std::max(1, tbb::info::default_concurrency() / processes.place().local_world);
  const int threads = options.threads > 0 ? options.threads : cores;
  at::set_num_threads(threads);
  // A run that goes on has weights of its own, and the file may be gone.
  const bool goes_on = options.resume && folder.HasState();
  auto initial = task->MakeNetwork(goes_on ? "" : options.init, options.seed);
  model = std::move(initial.model);
  task->Open(*model);
  record = RunRecord(recorded, task->Describe(), threads);
  record["processes"] = processes.world();
  const auto earlier = options.resume ? folder.ReadRun() : nlohmann::json::object();
  auto names = nlohmann::json::array();
  for (const auto& [file, info] : initial.from) names.push_back(file.filename().string());
  record["init_files"] = goes_on ? earlier.value("init_files", names) : names;
  record["origins"] = goes_on ? earlier.value("origins", nlohmann::json::array()) : ListOrigins(initial.from);
  processes.CheckSame(record["options"].dump() + record["data"].dump(), "their options or data");
  recipe = ReadRecipe(record, task->local_options());
  if (options.resume) {
    CheckSameData(earlier, record, folder);
    const int before = earlier.value("processes", 1);
    if (before != processes.world())
      Say(fmt::format("{}: {} processes trained before, {} do now; shares of batches and dropout differ",
                      options.output, before, processes.world()));
  }
  processes.Wait();  // all have read what is written now
  if (processes.leads()) {
    folder.Prepare(options.overwrite);
    folder.WriteRun(record);
  }
  if (options.resume) Continue();
  if (step) return;
  Share();
  step.emplace(options.step, precision, model, processes.world() > 1 ? &processes : nullptr);
}

void Trainer::Impl::Share() {
  processes.CopyWeights(model.get());
  model->set_frozen_norms(options.norms == "frozen");
  const bool can = precision.device.is_cpu() && precision.type == torch::kFloat;
  if (options.norms == "synced" && !can)
    throw UsageError("--norms", fmt::format("synced is for fp32 on cpu, not for {}", precision.Name()),
                     "--norms local");
  if (processes.world() == 1 || !can || options.norms == "local") return;
  model->set_sum_of_norms([this](torch::Tensor* numbers) { processes.Sum(numbers); });
}

void Trainer::Impl::Continue() {
  auto loaded = folder.LoadState();
  if (!loaded) {
    Say(fmt::format("{}: no epoch was finished; starting from the first", options.output));
    return;
  }
  model = folder.LoadEpoch(loaded->epoch()).model;
  Share();
  step.emplace(options.step, precision, model, processes.world() > 1 ? &processes : nullptr);
  step->SetState(std::move(loaded->tensors), folder.state().string());
  state = std::move(*loaded);
  processes.Wait();  // all have read what is now written again
  if (processes.leads()) folder.Publish(state);
  Say(fmt::format("{}: going on after epoch {}", options.output, state.epoch()));
}

void Trainer::Impl::Run() {
  for (int epoch = state.epoch() + 1; epoch <= options.epochs; ++epoch) {
    if (Impatient()) break;
    const auto start = Clock::now();
    EpochRow row;
    row.epoch = epoch;
    if (epoch > 1) Cool(model.get(), options.schedule.binary_decay);
    if (!TrainEpoch(epoch, &row) || !ValidateEpoch(&row)) StopAtInterrupt(epoch);
    row.seconds = SecondsSince(start);
    SaveEpoch(row);
    if (!processes.leads()) continue;
    fmt::print("{}", task->Text(row, options.epochs));
    std::fflush(stdout);
  }
  const std::string caveats = task->Caveats();
  if (!caveats.empty()) Say(caveats);
  Say(fmt::format("{}: epoch {} is the best of {}", folder.best().string(), state.BestEpoch(task->schema()),
                  state.epoch()));
}

bool Trainer::Impl::TrainEpoch(int epoch, EpochRow* row) {
  const auto start = Clock::now();
  // Dropout draws from here, so that a resumed run draws what an uninterrupted one would.
  at::manual_seed(MakeEngine(options.seed, Stream::kDropout, static_cast<std::uint64_t>(epoch),
                             static_cast<std::uint64_t>(processes.rank()))());
  step->BeginEpoch(epoch <= options.freeze_backbone);
  const auto source = task->BeginEpoch(epoch, options.seed, processes.place(), *model);
  const std::int64_t steps = CountSteps(source->batches(), options.step.accumulate);
  Progress progress(fmt::format("epoch {}/{}", epoch, options.epochs), source->progress(),
                    task->schema().unit);
  Sum loss;  // over the samples; fewer than planned where inputs cannot be read
  std::size_t batch = 1;
  int skipped = 0;
  for (std::int64_t number = (epoch - 1) * steps;; ++number) {
    const auto batches = NextBatches(source.get(), options.step.accumulate);
    if (batches.empty()) break;
    if (cancel.Cancelled()) return false;
    row->lr = LearningRate(options.schedule, number, options.epochs * steps,
                           state.Measures(task->schema().plateau));
    const StepResult result = step->Run(batches, row->lr);
    CheckResult(result, epoch, batch, batches);
    skipped += result.outcome == StepResult::kSkipped ? 1 : 0;
    batch += batches.size();
    std::int64_t samples = 0, advanced = 0;
    for (const auto& one : batches) {
      samples += one->samples();
      advanced += one->progress();
    }
    if (result.outcome == StepResult::kUpdated) loss.Add(result.loss, samples);
    events.AddBatch(number + 1, *batches[0], result.loss, row->lr);
    progress.Advance(advanced,
                     fmt::format("loss {:.4f}, memory {}", result.loss, BytesText(ResidentBytes())));
  }
  if (skipped > 0)
    Say(fmt::format("epoch {}: {} of {} steps overflowed {} and were skipped", epoch, skipped, steps,
                    precision.Name()));
  std::vector<double> sums = {loss.total, static_cast<double>(loss.count)};
  processes.Sum(&sums);
  row->train_loss = sums[0] / std::max(sums[1], 1.0);
  row->units_per_second = static_cast<double>(source->progress()) / SecondsSince(start);
  return !cancel.Cancelled();
}

bool Trainer::Impl::ValidateEpoch(EpochRow* row) {
  if (options.norms != "frozen" && processes.world() > 1) {
    processes.MeanBuffers(model.get());  // of norms that saw their process's samples alone
    if (step->evaluated() != model) processes.MeanBuffers(step->evaluated().get());
  }
  if (!task->Validate(step->evaluated().get(), &processes, cancel, row)) return false;
  events.AddEpoch(*row, *task);
  return true;
}

// The same order of epochs as `best` goes by, so that a run never ends while its best epoch is younger.
bool Trainer::Impl::Impatient() const {
  const int best = state.BestEpoch(task->schema()), waited = state.epoch() - best;
  if (options.patience == 0 || waited < options.patience) return false;
  Say(fmt::format("{}: no epoch was better than epoch {} for {} epochs (--patience {})", options.output, best,
                  waited, options.patience));
  return true;
}

void Trainer::Impl::RecordFindings() {
  const auto before = record["data"];
  task->AddFindings(&processes, &record["data"]);
  if (processes.leads() && record["data"] != before) folder.WriteRun(record);
}

void Trainer::Impl::SaveEpoch(const EpochRow& row) {
  state.rows.push_back(row);
  state.tensors = step->State();
  RecordFindings();
  if (!processes.leads()) return;
  CheckpointInfo info;
  task->FillCheckpoint(&info);
  info.epoch = row.epoch;
  info.metrics = MetricsJson(task->schema(), row).dump();
  info.recipe = recipe;
  info.notice = options.notice;
  folder.Save(*step->evaluated(), info, state);
}

void Trainer::Impl::CheckResult(const StepResult& result, int epoch, std::size_t first,
                                const Batches& batches) const {
  if (result.outcome == StepResult::kUpdated || result.outcome == StepResult::kSkipped) return;
  const bool loss = result.outcome == StepResult::kBadLoss;
  const std::string what = loss ? fmt::format("the loss is {}", result.loss)
                                : fmt::format("a gradient is no number after the loss {}", result.loss);
  std::span<const std::unique_ptr<TrainBatch>> bad = batches;
  if (loss) bad = bad.subspan(result.batch, 1);
  if (loss) first += result.batch;
  const std::string kept = state.epoch() > 0
                               ? fmt::format("{} is of epoch {}", folder.last().string(), state.epoch())
                               : "no epoch was kept";
  const std::string numbers = bad.size() == 1
                                  ? fmt::format("batch {}", first)
                                  : fmt::format("batches {} to {}", first, first + bad.size() - 1);
  throw Error(
      options.output,
      fmt::format("{} in epoch {}, {} ({} {})", what, epoch, numbers, task->schema().inputs, SomeInputs(bad)),
      fmt::format("a lower --lr helps; {}", kept));
}

void Trainer::Impl::StopAtInterrupt(int epoch) const {
  const std::string kept = state.epoch() > 0 ? fmt::format("epochs up to {} are kept", state.epoch())
                                             : std::string("no epoch was finished");
  throw Error(options.output, fmt::format("interrupted in epoch {}; {}", epoch, kept),
              "the same command with --resume goes on");
}

Trainer::Trainer(const TrainerOptions& options, std::unique_ptr<Task> task, const nlohmann::json& recorded,
                 const CancelToken& cancel)
    : impl_(std::make_unique<Impl>(options, std::move(task), cancel)) {
  impl_->Together([&] { impl_->Open(recorded); });
}

Trainer::~Trainer() = default;

void Trainer::Run() {
  impl_->Together([&] { impl_->Run(); });
}

}  // namespace seam
