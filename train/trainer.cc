#include "train/trainer.h"

#include <ATen/Parallel.h>
#include <tbb/info.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
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

// The weights of --init, in a network of this run's options: dropout may differ.
std::shared_ptr<Model> InitialModel(const TrainerOptions& options) {
  at::manual_seed(MakeEngine(options.seed, Stream::kWeights)());
  auto model = MakeModel(options.model);
  if (options.init.empty()) return model;
  const Checkpoint checkpoint = LoadCheckpoint(options.init);
  const ModelOptions& held = checkpoint.model->options();
  if (held.model != options.model.model) {
    throw Error(options.init, fmt::format("holds a {}, not a {}", held.model, options.model.model),
                fmt::format("--model {}", held.model));
  }
  if (held.variant != options.model.variant) {
    throw Error(
        options.init,
        fmt::format("holds the variant {}, not {}", held.variant.dump(), options.model.variant.dump()),
        "give the same --variant");
  }
  LoadWeights(WeightsOf(*checkpoint.model), options.init, model.get());
  return model;
}

std::string SomeVideos(const ClipDataset& dataset, const std::vector<std::size_t>& indices) {
  constexpr std::size_t kShown = 3;
  std::set<std::string> videos;
  for (const std::size_t index : indices) videos.insert(dataset.video(index));
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
  options->Add("threads", &threads, "threads of the network; 0: as many as cores");
  options->Add("seed", &seed, "of weights, order, augmentation and dropout");
  options->Add("resume", &resume, "go on with the run in --output, with its options");
  options->Add("overwrite", &overwrite, "remove the run in --output first");
  loader.Register(options);
  schedule.Register(options);
  optimizer.Register(options);
  events.Register(options);
}

void TrainerOptions::Check() {
  data.Check();
  if (output.empty() && preview.empty())
    throw UsageError("--output", "missing", "name a folder for the checkpoints");
  if (epochs < 1 || epochs > 9999)
    throw UsageError("--epochs", fmt::format("{} is not 1 to 9999", epochs), "10 to 50 are usual");
  if (threads < 0 || threads > 1024)
    throw UsageError("--threads", fmt::format("{} is not 0 to 1024", threads), "0 takes one for each core");
  if (resume && overwrite) throw UsageError("--resume", "contradicts --overwrite", "give one of them");
  model.Check();
  loader.Check();
  schedule.Check();
  optimizer.Check();
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

struct Trainer::Impl {
  Impl(TrainerOptions given, const nlohmann::json& recorded);

  void Run();
  // False when the user interrupts.
  bool TrainEpoch(int epoch, EpochRow* row);
  bool ValidateEpoch(EpochRow* row);
  double TrainBatch(const Batch& batch, double learning_rate);
  void SaveEpoch(const EpochRow& row);
  // Of clips whose pictures could not be decoded, which only an epoch finds out: into run.json.
  void RecordBadPictures();
  void Continue();
  [[noreturn]] void StopAtBadLoss(int epoch, std::size_t number, const Batch& batch, double loss) const;
  [[noreturn]] void StopAtInterrupt(int epoch) const;

  TrainerOptions options;
  RunFolder folder;
  std::shared_ptr<Model> model;
  std::unique_ptr<ClipDataset> train, val;
  std::unique_ptr<Optimizer> optimizer;
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
  model = InitialModel(options);
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
  optimizer = optimizer ? std::move(optimizer) : std::make_unique<Optimizer>(options.optimizer, model.get());
}

void Trainer::Impl::Continue() {
  auto loaded = folder.LoadState();
  if (!loaded) {
    Say(fmt::format("{}: no epoch was finished; starting from the first", options.output));
    return;
  }
  model = folder.LoadEpoch(loaded->epoch()).model;
  optimizer = std::make_unique<Optimizer>(options.optimizer, model.get());
  optimizer->SetState(loaded->optimizer, folder.state().string());
  state = std::move(*loaded);
  folder.Publish(state);
  Say(fmt::format("{}: going on after epoch {}", options.output, state.epoch()));
}

void Trainer::Impl::Run() {
  for (int epoch = state.epoch() + 1; epoch <= options.epochs; ++epoch) {
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
  model->train();
  auto plan = PlanTraining(*train, options.loader, options.seed, static_cast<std::uint64_t>(epoch),
                           model->input().frames);
  const auto steps = static_cast<std::int64_t>(plan.batches);
  const auto crops = static_cast<std::int64_t>(plan.samples.size()) * plan.frames;
  std::int64_t step = (epoch - 1) * steps;
  BatchLoader loader(*train, std::move(plan), options.loader.workers);
  Progress progress(fmt::format("epoch {}/{}", epoch, options.epochs), crops, "crops");
  double sum = 0;
  std::size_t shown = 0;  // clips; fewer than planned where pictures cannot be decoded
  for (std::size_t number = 1; const auto batch = loader.Next(); ++number, ++step) {
    if (Interrupted()) return false;
    row->lr = LearningRate(options.schedule, step, options.epochs * steps);
    const double loss = TrainBatch(*batch, row->lr);
    if (!std::isfinite(loss)) StopAtBadLoss(epoch, number, *batch, loss);
    sum += loss * static_cast<double>(batch->indices.size());
    shown += batch->indices.size();
    events.AddBatch(step + 1, *batch, loss, row->lr);
    progress.Advance(batch->clips.size(0) * batch->clips.size(1),
                     fmt::format("loss {:.4f}, memory {}", loss, BytesText(ResidentBytes())));
  }
  row->train_loss = sum / static_cast<double>(shown);
  row->crops_per_second = static_cast<double>(crops) / SecondsSince(start);
  return !Interrupted();
}

double Trainer::Impl::TrainBatch(const Batch& batch, double learning_rate) {
  const auto logits = model->forward(batch.clips);
  const auto loss = torch::binary_cross_entropy_with_logits(logits, batch.labels);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) return value;
  optimizer->ZeroGrad();
  loss.backward();
  optimizer->Step(learning_rate);
  return value;
}

bool Trainer::Impl::ValidateEpoch(EpochRow* row) {
  const auto scores = ScoreClips(*val, options.loader, model.get());
  if (!scores) return false;
  const LabelledScores clips = ClipScores(*val, *scores), videos = VideoScores(*val, *scores);
  static_cast<ValidationMetrics&>(*row) = MeasureScores(clips, videos);
  calibration = Calibrate(videos.scores, videos.labels);
  events.AddEpoch(*row, clips, videos);
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
  state.optimizer = optimizer->State();
  CheckpointInfo info;
  info.crop = train->crop();
  info.epoch = row.epoch;
  info.metrics = MetricsJson(row).dump();
  info.threshold = calibration.threshold_eer;
  info.calibration = OfCheckpoint(calibration);
  info.recipe = recipe;
  info.notice = options.notice;
  folder.Save(*model, info, state);
  RecordBadPictures();
}

void Trainer::Impl::StopAtBadLoss(int epoch, std::size_t number, const Batch& batch, double loss) const {
  const std::string kept = state.epoch() > 0
                               ? fmt::format("{} is of epoch {}", folder.last().string(), state.epoch())
                               : "no epoch was kept";
  throw Error(options.output,
              fmt::format("the loss is {} in epoch {}, batch {} (videos {})", loss, epoch, number,
                          SomeVideos(*train, batch.indices)),
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
