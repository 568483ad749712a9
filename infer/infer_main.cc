#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/sibling.h"
#include "extract/faces/process_threads.h"
#include "infer/run.h"
#include "infer/settings.h"
#include "infer/torch_parts.h"

namespace seam {
namespace {

int Infer(const std::vector<std::string>& arguments) {
  KeepLargeBlocks();
  Options options("seam infer", "VIDEO|DIR|PATTERN|-... [options]",
                  "score videos: how likely is each a deepfake?", "seam infer videos/ --output scores.csv");
  InferSettings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  const ProcessThreads threads(settings.jobs);
#ifdef SEAM_TORCH_PARTS
  return RunInference(settings, options, &LinkedTorchParts(), InterruptToken());
#else
  if (NeedsTorch(settings)) {
    if (!HasSibling("infer-torch")) {
      throw Error("--explain and --device cuda", "need LibTorch, which this Seam was built without",
                  "leave them out, or build Seam with LibTorch (docs/building.md)");
    }
    BecomeSibling("infer-torch", arguments);
  }
  return RunInference(settings, options, nullptr, InterruptToken());
#endif
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Infer); }
