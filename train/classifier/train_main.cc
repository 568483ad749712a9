#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/program.h"
#include "train/classifier/classifier_task.h"
#include "train/trainer.h"

namespace seam {
namespace {

int Main(const std::vector<std::string>& arguments) {
  Options options("seam train", "--data DIR --output RUN [options]", "train a network on shards",
                  "seam train --data shards --model meso4 --output runs/first --epochs 20");
  ClassifierOptions classifier;
  TrainerOptions trainer;
  classifier.Register(&options);
  trainer.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  if (trainer.resume && !trainer.output.empty())
    AdoptRunOptions(trainer.output, ClassifierOptions::FreeOptions(), &options);
  classifier.Check();
  if (!classifier.preview.empty()) {
    PreviewTraining(classifier, trainer.seed);
    return kExitGood;
  }
  trainer.Check();
  KeepLargeBlocks();
  Trainer(trainer, std::make_unique<ClassifierTask>(classifier), options.ToJson(), InterruptToken()).Run();
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }
