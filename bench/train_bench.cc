// Where a training step's time goes, stage by stage, on clips of a dataset folder:
//
//   train_bench --data shards [--model meso4] [--batch 64] [--threads 2] [--steps 10] [--augment standard]
//
// The loader alone decodes and augments on --workers threads, ahead of nobody; then one batch is trained on
// again and again. Seconds of the clock and of the processor, of which the latter holds on a busy machine.

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <torch/types.h>

#include <chrono>
#include <functional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/program.h"
#include "models/torch/model.h"
#include "train/classifier/loader.h"
#include "train/data/dataset.h"
#include "train/optimizer.h"

namespace seam {
namespace {

struct Settings {
  std::string data;
  ModelOptions model;
  LoaderOptions loader;
  OptimizerOptions optimizer;
  int threads = 2, steps = 10;

  void Register(Options* options) {
    options->Add("data", &data, "folder with shards of the split train");
    model.Register(options);
    loader.Register(options);
    optimizer.Register(options);
    options->Add("threads", &threads, "of the network");
    options->Add("steps", &steps, "batches of each stage");
  }
};

double ProcessorSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// What was spent, of the clock and of the processor.
struct Spent {
  double clock = 0, processor = 0;

  void Add(const std::function<void()>& work) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const double before = ProcessorSeconds();
    work();
    clock += std::chrono::duration<double>(Clock::now() - start).count();
    processor += ProcessorSeconds() - before;
  }
  void Print(const char* name, std::int64_t crops) const {
    const auto count = static_cast<double>(crops);
    fmt::print("{:22} {:10.1f} {:14.1f} {:14.3f}\n", name, count / clock, count / processor,
               1000 * processor / count);
  }
};

int TrainBench(const std::vector<std::string>& arguments) {
  KeepLargeBlocks();
  Options options("train_bench", "--data DIR [options]", "where does a training step's time go?",
                  "train_bench --data shards --model meso4");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.model.Check();
  settings.loader.Check();
  if (settings.threads < 1 || settings.steps < 1) throw UsageError("train_bench", "numbers must be positive");
  at::set_num_threads(settings.threads);

  const ClipDataset dataset(settings.data, "train");
  const auto model = MakeModel(settings.model);
  model->train();
  Optimizer optimizer(settings.optimizer, model.get());
  Spent loading, forward, backward, stepping;
  std::int64_t loaded = 0;
  Batch batch;
  loading.Add([&] {
    BatchLoader loader(dataset, PlanTraining(dataset, settings.loader, 1, 1, model->input().frames),
                       settings.loader.workers);
    for (int i = 0; i < settings.steps; ++i) {
      auto next = loader.Next();
      if (!next) break;
      batch = std::move(*next);
      loaded += batch.clips.size(0) * batch.clips.size(1);
    }
  });
  for (int i = -1; i < settings.steps; ++i) {
    torch::Tensor loss;
    Spent warm[3];
    const bool counts = i >= 0;
    (counts ? forward : warm[0]).Add([&] {
      loss = torch::binary_cross_entropy_with_logits(model->forward(batch.clips), batch.labels);
    });
    optimizer.ZeroGrad();
    (counts ? backward : warm[1]).Add([&] { loss.backward(); });
    (counts ? stepping : warm[2]).Add([&] { optimizer.Step(1e-4); });
  }
  const std::int64_t crops = settings.steps * batch.clips.size(0) * batch.clips.size(1);
  fmt::print("{:22} {:>10} {:>14} {:>14}\n", settings.model.model, "crops/s", "crops/CPU s", "CPU ms a crop");
  loading.Print("loader alone", loaded);
  forward.Print("forward", crops);
  backward.Print("backward", crops);
  stepping.Print("optimiser", crops);
  const Spent step = {forward.clock + backward.clock + stepping.clock,
                      forward.processor + backward.processor + stepping.processor};
  step.Print("step", crops);
  fmt::print("the loader alone is {:.1f} times as fast as the step\n",
             static_cast<double>(loaded) / loading.clock * step.clock / static_cast<double>(crops));
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::TrainBench); }
