#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/scratch_folder.h"

#include "models/zoo/frequency.h"
#include "models/zoo/stored_network.h"
#include "spectrum/network_classifier.h"
#include "spectrum/torch/feature_task.h"
#include "train/run_folder.h"
#include "train/trainer.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// A vector is a column of one channel.
ModelOptions NetworkFor(const FeatureSet& set, int classes, const std::string& solver) {
  std::vector<int> map = {1, 1, 1};
  if (set.shape.empty() || set.shape.size() > 3)
    throw Error("training features", fmt::format("have {} axes", set.shape.size()),
                "networks take one to three");
  for (std::size_t i = 0; i < set.shape.size(); ++i) map[i] = static_cast<int>(set.shape[i]);
  if (set.shape.size() == 1 && (solver == "cnn" || solver == "resnet")) {
    throw Error("--solver", solver + " takes maps, not azimuthal means",
                "take --feature dct, magnitude or raw, or --solver nn or deepfreq");
  }
  return FrequencyOptions(solver, map[0], map[1], map[2], classes);
}

std::unique_ptr<Classifier> TrainNetwork(const FeatureSet& set, int classes, const ClassifierOptions& options,
                                         const NetworkTraining& training) {
  const ModelOptions network = NetworkFor(set, classes, options.solver);
  std::optional<ScratchFolder> temporary;
  if (training.run.empty()) temporary.emplace();
  TrainerOptions trainer;
  trainer.output = temporary ? temporary->path().string() : training.run;
  trainer.epochs = options.Epochs();
  trainer.patience = options.Patience();
  trainer.threads = training.threads;
  trainer.seed = options.seed;
  trainer.resume = training.resume;
  trainer.schedule = {.lr = options.LearningRate(), .schedule = "constant", .warmup = 0};
  trainer.step.optimizer.weight_decay = options.solver == "deepfreq" ? 1e-8 : 0;
  trainer.precision = {.precision = training.precision, .device = training.device};
  if (temporary) trainer.events.every = 0;
  Trainer(trainer, std::make_unique<FeatureTask>(set, training.val, network, options),
          {{"init", ""}, {"network", network.ToJson()}, {"classifier", options.ToJson()}}, InterruptToken())
      .Run();
  const fs::path best = RunFolder(trainer.output).best();
  return MakeNetworkClassifier(network, LoadNetwork(best).weights, best.string());
}

}  // namespace

const NetworkTrainer& LinkedNetworkTrainer() {
  static const NetworkTrainer trainer = &TrainNetwork;
  return trainer;
}

}  // namespace seam
