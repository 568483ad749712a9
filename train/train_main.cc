#include <malloc.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/program.h"
#include "train/trainer.h"

namespace seam {
namespace {

// Batches need tensors of many megabytes again and again. By default each is mapped anew, and the system
// clears its pages each time; kept in the heap, they are reused.
void KeepLargeTensors() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

int Main(const std::vector<std::string>& arguments) {
  Options options("seam-train", "--data DIR --output RUN [options]", "trains a network on shards",
                  "seam train --data shards --model meso4 --output runs/first --epochs 20");
  TrainerOptions trainer;
  trainer.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  if (trainer.resume && !trainer.output.empty()) AdoptRunOptions(trainer.output, &options);
  trainer.Check();
  KeepLargeTensors();
  Trainer(trainer, options.ToJson()).Run();
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }
