#include "models/fuse_command.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "base/progress.h"
#include "models/zoo/ensemble_file.h"

namespace seam {

int FuseModels(const std::vector<std::string>& arguments) {
  Options options(
      "seam models fuse", "CHECKPOINT CHECKPOINT... --output FILE [--fit FILE]",
      "put several networks into one file, which `seam infer --model` takes: their scores are fused",
      "seam models fuse a.safetensors b.safetensors --output both.safetensors");
  std::vector<std::string> files;
  std::string output, fit;
  options.AddPositional("checkpoint", &files);
  options.Add("output", &output, "the file to write");
  options.Add("fit", &fit,
              "JSON with weights, bias, threshold and calibration, which `seam evaluate --fit-fusion` makes; "
              "default: the mean of the logits, fake from 0.5 on");
  if (!options.Parse(arguments)) return kExitGood;
  if (output.empty()) throw UsageError("--output", "is missing", "name the file to write");
  const std::vector<std::filesystem::path> paths(files.begin(), files.end());
  const std::vector<std::string> names = NetworkNames(paths);
  const EnsembleInfo info = fit.empty() ? ComputeMean(names) : ParseEnsemble(ReadFile(fit), fit, names);
  WriteEnsemble(output, info, paths);
  Say(fmt::format("wrote {}, an ensemble of {} networks", output, paths.size()));
  return kExitGood;
}

}  // namespace seam
