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
#include "models/checkpoint.h"
#include "train/dataset.h"
#include "train/initial_model.h"
#include "train/preview.h"
#include "train/random.h"
#include "train/run_folder.h"
#include "train/run_record.h"
#include "train/validation.h"

namespace seam {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void CheckFits(const ClipDataset& dataset, const std::string& name, const InputSpec& input) {
  if (static_cast<int>(dataset.crop().size()) != input.size) {
    throw Error(
        dataset.folder().string(),
        fmt::format("the crops are {0}x{0}, but {1} takes {2}x{2}", dataset.crop().size(), name, input.size),
        fmt::format("extract the dataset with crops of {} pixels, or choose another --model or --size",
                    input.size));
  }
  if (dataset.frames() < input.frames) {
    throw Error(dataset.folder().string(),
                fmt::format("the clips have {} frames, but {} looks at windows of {}", dataset.frames(), name,
                            input.frames),
                fmt::format("extract the dataset with windows of {} frames, or train with a smaller --window",
                            input.frames));
  }
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

Calibration OfCheckpoint(const ScoreCalibration& fitted) {
  return {.temperature = fitted.temperature,
          .threshold_eer = fitted.threshold_eer,
          .threshold_fpr1 = fitted.threshold_fpr1,
          .band_low = fitted.band_low,
          .band_high = fitted.band_high,
          .real = fitted.real,
          .fake = fitted.fake};
}

}  // namespace

void TrainerOptions::Register(Options* options) {
  data.Register(options);
  model.Register(options);
  options->Add("output", &output, "folder for checkpoints and metrics");
  options->Add("preview", &preview, "write a PNG of what the network will see, and train nothing");
  options->Add("init", &init, "checkpoint to start from");
  options->Add("notice", &notice, "what users of the network must know: its data, its limits, its licence");
  options->Add("epochs", &epochs, "times to go through the data");
  options->Add("freeze-backbone", &freeze_backbone, "epochs at the start that train the head alone");
  options->Add("patience", &patience, "epochs without a better one that end the run; 0: never");
  options->Add("threads", &threads, "threads of the network; 0: as many as cores");
  options->Add("seed", &seed, "of weights, order, augmentation and dropout");
  options->Add("resume", &resume, "go on with the run in --output, with its options");
  options->Add("overwrite", &overwrite, "remove the run in --output first");
  loader.Register(options);
  schedule.Register(options);
  step.Register(options);
  precision.Register(options);
  events.Register(options);
}

void TrainerOptions::Check() {
  data.Check();
  if (output.empty() && preview.empty())
    throw UsageError("--output", "missing", "name a folder for the checkpoints");
  if (epochs < 1 || epochs > 9999)
    throw UsageError("--epochs", fmt::format("{} is not 1 to 9999", epochs), "10 to 50 are usual");
  if (patience < 0 || patience > 9999)
    throw UsageError("--patience", fmt::format("{} is not 0 to 9999", patience),
                     "5 to 10 are usual, 0 for never");
  if (freeze_backbone < 0 || freeze_backbone > 9999)
    throw UsageError("--freeze-backbone", fmt::format("{} is not 0 to 9999", freeze_backbone),
                     "1 to 3 are usual");
  if (freeze_backbone > 0 && init.empty()) {
    throw UsageError("--freeze-backbone", "the backbone would keep its random weights",
                     "name a checkpoint to start from with --init");
  }
  if (threads < 0 || threads > 1024)
    throw UsageError("--threads", fmt::format("{} is not 0 to 1024", threads), "0 takes one for each core");
  if (resume && overwrite) throw UsageError("--resume", "contradicts --overwrite", "give one of them");
  model.Check();
  loader.Check();
  schedule.Check();
  step.Check();
  events.Check();
}

void PreviewTraining(const TrainerOptions& options) {
  const auto train = OpenTrainSplit(options.data, options.loader.fakes);
  const int window = options.model.temporal.head == "none" ? 1 : options.model.temporal.frames;
  WritePreview(*train, PlanTraining(*train, options.loader, options.seed, 1, window), options.preview);
  Say(fmt::format("{}: the first clips of each class, {}", options.preview,
                  options.loader.pairs || options.loader.fakes.Blends() ? "real and fake in pairs"
                                                                        : "real above, fake below"));
}

namespace {

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

struct Sum {
  double total = 0;
  std::int64_t count = 0;
  void Add(double mean, std::int64_t of) {
    total += mean * static_cast<double>(of);
    count += of;
  }
  double Mean() const { return total / static_cast<double>(std::max<std::int64_t>(count, 1)); }
};

}  // namespace

struct Trainer::Impl {
  Impl(TrainerOptions given, const nlohmann::json& recorded);

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
  Precision precision;
  std::shared_ptr<Model> model;
  std::unique_ptr<ClipDataset> train, val;
  std::optional<TrainStep> step;  // on `model`
  TrainState state;
  nlohmann::json record;
  std::string recipe;
  RunEvents events;
  ScoreCalibration calibration;  // after the last epoch that was validated
};

Trainer::Impl::Impl(TrainerOptions given, const nlohmann::json& recorded)
    : options(std::move(given)), folder(options.output), events(folder.path(), options.events) {
  if (folder.HasRun() && !options.resume && !options.overwrite) {
    throw Error(options.output, "holds a run already",
                "--resume goes on with it, --overwrite removes it, another --output keeps both");
  }
  const int threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
  at::set_num_threads(threads);
  precision = ResolvePrecision(options.precision);
  model = InitialModel(options.model, options.init, options.seed);
  auto data = OpenTrainingData(options.data, options.loader.fakes);
  train = std::move(data.train);
  val = std::move(data.val);
  CheckFits(*train, options.model.model, model->input());
  record = RunRecord(recorded, *train, *val, threads);
  recipe = RecipeOf(record);
  if (options.resume) CheckSameData(folder.ReadRun(), record, folder);
  folder.Prepare(options.overwrite);
  folder.WriteRun(record);
  if (options.resume) Continue();
  if (!step) step.emplace(options.step, precision, model);
}

void Trainer::Impl::Continue() {
  auto loaded = folder.LoadState();
  if (!loaded) {
    Say(fmt::format("{}: no epoch was finished; starting from the first", options.output));
    return;
  }
  model = folder.LoadEpoch(loaded->epoch()).model;
  step.emplace(options.step, precision, model);
  step->SetState(std::move(loaded->tensors), folder.state().string());
  state = std::move(*loaded);
  folder.Publish(state);
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
  at::manual_seed(MakeEngine(options.seed, Stream::kDropout, static_cast<std::uint64_t>(epoch))());
  step->BeginEpoch(epoch <= options.freeze_backbone);
  auto plan = PlanTraining(*train, options.loader, options.seed, static_cast<std::uint64_t>(epoch),
                           model->input().frames);
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
    std::int64_t clips = 0;
    for (const Batch& one : batches) clips += one.labels.numel();
    if (result.outcome == StepResult::kUpdated) loss.Add(result.loss, clips);
    events.AddBatch(number + 1, batches[0], result.loss, row->lr);
    progress.Advance(clips * batches[0].clips.size(1),
                     fmt::format("loss {:.4f}, memory {}", result.loss, BytesText(ResidentBytes())));
  }
  if (skipped > 0)
    Say(fmt::format("epoch {}: {} of {} steps overflowed {} and were skipped", epoch, skipped, steps,
                    precision.Name()));
  row->train_loss = loss.Mean();
  row->crops_per_second = static_cast<double>(crops) / SecondsSince(start);
  return !Interrupted();
}

bool Trainer::Impl::ValidateEpoch(EpochRow* row) {
  const auto scores = ScoreClips(*val, options.loader, step->evaluated().get());
  if (!scores) return false;
  const LabelledScores clips = ClipScores(*val, *scores), videos = VideoScores(*val, *scores);
  static_cast<ValidationMetrics&>(*row) = MeasureScores(clips, videos);
  calibration = Calibrate(videos.scores, videos.labels);
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
  for (const ClipDataset* dataset : {train.get(), val.get()})
    record["data"][dataset->split()]["bad_pictures"] = dataset->bad_pictures();
  if (record["data"] != before) folder.WriteRun(record);
}

void Trainer::Impl::SaveEpoch(const EpochRow& row) {
  state.rows.push_back(row);
  state.tensors = step->State();
  CheckpointInfo info;
  info.crop = train->crop();
  info.epoch = row.epoch;
  info.metrics = MetricsJson(row).dump();
  info.threshold = calibration.threshold_eer;
  info.calibration = OfCheckpoint(calibration);
  info.recipe = recipe;
  info.notice = options.notice;
  folder.Save(*step->evaluated(), info, state);
  RecordBadPictures();
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
    : impl_(std::make_unique<Impl>(options, recorded)) {}

Trainer::~Trainer() = default;

void Trainer::Run() { impl_->Run(); }

}  // namespace seam
