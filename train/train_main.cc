#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/program.h"
#include "train/trainer.h"

namespace seam {
namespace {

int Main(const std::vector<std::string>& arguments) {
  Options options("seam train", "--data DIR --output RUN [options]", "train a network on shards",
                  "seam train --data shards --model meso4 --output runs/first --epochs 20");
  TrainerOptions trainer;
  trainer.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  if (trainer.resume && !trainer.output.empty()) AdoptRunOptions(trainer.output, &options);
  trainer.Check();
  if (!trainer.preview.empty()) {
    PreviewTraining(trainer);
    return kExitGood;
  }
  KeepLargeBlocks();
  Trainer(trainer, options.ToJson()).Run();
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }
