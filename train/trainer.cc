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
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "base/progress.h"
#include "evaluate/calibration.h"
#include "models/torch/checkpoint.h"
#include "train/clip_fit.h"
#include "train/data/dataset.h"
#include "train/data/random.h"
#include "train/data_parallel.h"
#include "train/initial_model.h"
#include "train/run_folder.h"
#include "train/run_record.h"
#include "train/validation.h"

namespace seam {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string SomeVideos(const ClipDataset& dataset, const std::vector<Batch>& batches) {
  constexpr std::size_t kShown = 3;
  std::set<std::string> videos;
  for (const Batch& batch : batches) {
    for (const std::size_t index : batch.indices) videos.insert(dataset.video(index));
  }
  std::vector<std::string> shown;
  for (const auto& video : videos) {
    if (shown.size() < kShown) shown.push_back(video);
  }
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     videos.size() > kShown ? fmt::format(" and {} more", videos.size() - kShown) : "");
}

std::int64_t StepsOf(std::size_t batches, int accumulate) {
  const auto group = static_cast<std::size_t>(accumulate);
  return static_cast<std::int64_t>((batches + group - 1) / group);
}

// The batches of a step: `count`, at the end of the epoch what is left, then none.
std::vector<Batch> NextBatches(BatchLoader* loader, int count) {
  std::vector<Batch> batches;
  while (batches.size() < static_cast<std::size_t>(count)) {
    auto batch = loader->Next();
    if (!batch) break;
    batches.push_back(std::move(*batch));
  }
  return batches;
}

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

struct Sum {
  double total = 0;
  std::int64_t count = 0;
  void Add(double mean, std::int64_t of) {
    total += mean * static_cast<double>(of);
    count += of;
  }
};

}  // namespace

struct Trainer::Impl {
  explicit Impl(TrainerOptions given);

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
  // Of clips whose pictures could not be decoded, which only an epoch finds out: into run.json.
  void RecordBadPictures();
  void Continue();
  // `first`: the number of the first of the step's batches in the epoch.
  void CheckResult(const StepResult& result, int epoch, std::size_t first,
                   const std::vector<Batch>& batches) const;
  [[noreturn]] void StopAtInterrupt(int epoch) const;

  TrainerOptions options;
  RunFolder folder;
  TrainPrecision precision;
  DataParallel processes;
  std::shared_ptr<Model> model;
  std::unique_ptr<ClipDataset> train, val;
  std::optional<TrainStep> step;  // on `model`
  TrainState state;
  nlohmann::json record;
  std::string recipe;
  RunEvents events;
  Calibration calibration;  // after the last epoch that was validated
};

Trainer::Impl::Impl(TrainerOptions given)
    : options(std::move(given)),
      folder(options.output),
      precision(ResolvePrecision(options.precision)),
      processes(FindProcessPlace(), std::chrono::seconds(options.process_timeout), precision.device.type()),
      events(folder.path(), processes.leads() ? options.events : EventOptions{.every = 0}) {
  if (processes.world() == 1) return;
  if (!processes.leads()) SetQuiet(true);
  if (precision.device.is_cuda()) precision.device = GpuOf(processes.place());
}

template <class Work>
void Trainer::Impl::Together(const Work& work) {
  try {
    work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    if (Interrupted()) StopAtInterrupt(state.epoch() + 1);
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
  auto initial = MakeInitialModel(options.model, goes_on ? "" : options.init, options.seed);
  model = std::move(initial.model);
  auto data = OpenTrainingData(options.data, options.loader.fakes);
  train = std::move(data.train);
  val = std::move(data.val);
  CheckClipsFit(*train, options.model.model, model->input());
  record = RunRecord(recorded, *train, *val, threads);
  record["processes"] = processes.world();
  const auto earlier = options.resume ? folder.ReadRun() : nlohmann::json::object();
  auto names = nlohmann::json::array();
  for (const auto& [file, info] : initial.from) names.push_back(file.filename().string());
  record["init_files"] = goes_on ? earlier.value("init_files", names) : names;
  record["origins"] = goes_on ? earlier.value("origins", nlohmann::json::array()) : OriginsOf(initial.from);
  processes.CheckSame(record["options"].dump() + record["data"].dump(), "their options or data");
  recipe = RecipeOf(record);
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
    if (!TrainEpoch(epoch, &row) || !ValidateEpoch(&row)) StopAtInterrupt(epoch);
    row.seconds = SecondsSince(start);
    SaveEpoch(row);
    if (!processes.leads()) continue;
    fmt::print("{}", EpochText(row, calibration, options.epochs));
    std::fflush(stdout);
  }
  const std::string caveats = CaveatsOf(calibration);
  if (calibration.real > 0 && !caveats.empty()) Say("thresholds, band and temperature are rough: " + caveats);
  Say(fmt::format("{}: epoch {} is the best of {}", folder.best().string(), state.BestEpoch(),
                  state.epoch()));
}

bool Trainer::Impl::TrainEpoch(int epoch, EpochRow* row) {
  const auto start = Clock::now();
  // Dropout draws from here, so that a resumed run draws what an uninterrupted one would.
  at::manual_seed(MakeEngine(options.seed, Stream::kDropout, static_cast<std::uint64_t>(epoch),
                             static_cast<std::uint64_t>(processes.rank()))());
  step->BeginEpoch(epoch <= options.freeze_backbone);
  auto plan = ShareOf(PlanTraining(*train, options.loader, options.seed, static_cast<std::uint64_t>(epoch),
                                   model->input().frames),
                      processes.rank(), processes.world());
  if (options.step.xray > 0) plan.xray_side = model->graph()[model->map_node()].shape.side();
  CheckShares(plan, processes.place());
  const std::int64_t steps = StepsOf(plan.batches, options.step.accumulate);
  const auto crops = static_cast<std::int64_t>(plan.samples.size()) * plan.frames;
  BatchLoader loader(*train, std::move(plan), options.loader.workers);
  Progress progress(fmt::format("epoch {}/{}", epoch, options.epochs), crops, "crops");
  Sum loss;  // over the clips; fewer than planned where pictures cannot be decoded
  std::size_t batch = 1;
  int skipped = 0;
  for (std::int64_t number = (epoch - 1) * steps;; ++number) {
    const auto batches = NextBatches(&loader, options.step.accumulate);
    if (batches.empty()) break;
    if (Interrupted()) return false;
    row->lr = LearningRate(options.schedule, number, options.epochs * steps, state.ValLosses());
    const StepResult result = step->Run(batches, row->lr);
    CheckResult(result, epoch, batch, batches);
    skipped += result.outcome == StepResult::kSkipped ? 1 : 0;
    batch += batches.size();
    std::int64_t clips = 0, planned = 0;
    for (const Batch& one : batches) {
      clips += one.labels.numel();
      planned += static_cast<std::int64_t>(one.planned);
    }
    if (result.outcome == StepResult::kUpdated) loss.Add(result.loss, clips);
    events.AddBatch(number + 1, batches[0], result.loss, row->lr);
    progress.Advance(planned * batches[0].clips.size(1),
                     fmt::format("loss {:.4f}, memory {}", result.loss, BytesText(ResidentBytes())));
  }
  if (skipped > 0)
    Say(fmt::format("epoch {}: {} of {} steps overflowed {} and were skipped", epoch, skipped, steps,
                    precision.Name()));
  std::vector<double> sums = {loss.total, static_cast<double>(loss.count)};
  processes.Sum(&sums);
  row->train_loss = sums[0] / std::max(sums[1], 1.0);
  row->crops_per_second = static_cast<double>(crops) / SecondsSince(start);
  return !Interrupted();
}

bool Trainer::Impl::ValidateEpoch(EpochRow* row) {
  if (options.norms != "frozen" && processes.world() > 1) {
    processes.MeanBuffers(model.get());  // of norms that saw their process's clips alone
    if (step->evaluated() != model) processes.MeanBuffers(step->evaluated().get());
  }
  const auto scores = ScoreClips(*val, options.loader, step->evaluated().get(), &processes);
  if (!scores) return false;
  const int window = step->evaluated()->input().frames;
  const LabelledScores clips = ClipScores(*val, *scores), videos = VideoScores(*val, *scores, window);
  static_cast<ValidationMetrics&>(*row) = MeasureScores(clips, videos);
  row->parts = MeasureParts(*val, *scores, window);
  calibration = Calibrate(videos.scores, videos.labels, DatasetWeights(videos.labels, videos.datasets));
  events.AddEpoch(*row, clips, videos);
  return true;
}

// The same order of epochs as `best` goes by, so that a run never ends while its best epoch is younger.
bool Trainer::Impl::Impatient() const {
  const int waited = state.epoch() - state.BestEpoch();
  if (options.patience == 0 || waited < options.patience) return false;
  Say(fmt::format("{}: no epoch was better than epoch {} for {} epochs (--patience {})", options.output,
                  state.BestEpoch(), waited, options.patience));
  return true;
}

void Trainer::Impl::RecordBadPictures() {
  const auto before = record["data"];
  for (const ClipDataset* dataset : {train.get(), val.get()}) {
    std::vector<double> count = {static_cast<double>(dataset->bad_pictures())};
    processes.Sum(&count);
    record["data"][dataset->split()]["bad_pictures"] = static_cast<std::size_t>(count[0]);
  }
  if (processes.leads() && record["data"] != before) folder.WriteRun(record);
}

void Trainer::Impl::SaveEpoch(const EpochRow& row) {
  state.rows.push_back(row);
  state.tensors = step->State();
  RecordBadPictures();
  if (!processes.leads()) return;
  CheckpointInfo info;
  info.crop = val->crop();  // train's, but for whose faces: those that the threshold is of
  info.epoch = row.epoch;
  info.metrics = MetricsJson(row).dump();
  info.threshold = calibration.threshold_eer;
  info.calibration = calibration;
  info.recipe = recipe;
  info.notice = options.notice;
  folder.Save(*step->evaluated(), info, state);
}

void Trainer::Impl::CheckResult(const StepResult& result, int epoch, std::size_t first,
                                const std::vector<Batch>& batches) const {
  if (result.outcome == StepResult::kUpdated || result.outcome == StepResult::kSkipped) return;
  const bool loss = result.outcome == StepResult::kBadLoss;
  const std::string what = loss ? fmt::format("the loss is {}", result.loss)
                                : fmt::format("a gradient is no number after the loss {}", result.loss);
  const std::vector<Batch> bad = loss ? std::vector<Batch>{batches[result.batch]} : batches;
  if (loss) first += result.batch;
  const std::string kept = state.epoch() > 0
                               ? fmt::format("{} is of epoch {}", folder.last().string(), state.epoch())
                               : "no epoch was kept";
  const std::string numbers = bad.size() == 1
                                  ? fmt::format("batch {}", first)
                                  : fmt::format("batches {} to {}", first, first + bad.size() - 1);
  throw Error(options.output,
              fmt::format("{} in epoch {}, {} (videos {})", what, epoch, numbers, SomeVideos(*train, bad)),
              fmt::format("a lower --lr helps; {}", kept));
}

void Trainer::Impl::StopAtInterrupt(int epoch) const {
  const std::string kept = state.epoch() > 0 ? fmt::format("epochs up to {} are kept", state.epoch())
                                             : std::string("no epoch was finished");
  throw Error(options.output, fmt::format("interrupted in epoch {}; {}", epoch, kept),
              "the same command with --resume goes on");
}

Trainer::Trainer(const TrainerOptions& options, const nlohmann::json& recorded)
    : impl_(std::make_unique<Impl>(options)) {
  impl_->Together([&] { impl_->Open(recorded); });
}

Trainer::~Trainer() = default;

void Trainer::Run() {
  impl_->Together([&] { impl_->Run(); });
}

}  // namespace seam
