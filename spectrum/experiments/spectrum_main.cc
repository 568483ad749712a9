#include <array>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "base/version.h"
#include "spectrum/experiments/convert_command.h"
#include "spectrum/experiments/experiment_commands.h"
#include "spectrum/experiments/explain_command.h"
#include "spectrum/experiments/features_command.h"
#include "spectrum/experiments/perturb_command.h"
#include "spectrum/experiments/statistics_command.h"

namespace seam {
namespace {

struct Command {
  const char* name;
  const char* summary;  // as in its own --help
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr std::array kCommands = {
    Command{"features", "the features of pictures, videos and shards as one file", &SpectrumFeatures},
    Command{"train", "a classifier of features, saved or taken now", &SpectrumTrain},
    Command{"test", "how a model does on features", &SpectrumTest},
    Command{"classify", "which share of pictures is of which class", &SpectrumClassify},
    Command{"crosstest", "a folder of models by a folder of feature files", &SpectrumCrossTest},
    Command{"grid-search", "a classifier with many settings, kept as JSON", &SpectrumGridSearch},
    Command{"statistics", "the mean spectra of sets of pictures, as pictures and one page",
            &SpectrumStatisticsCommand},
    Command{"explain", "which parts of a picture speak for a class, by any checkpoint (LIME)",
            &SpectrumExplain},
    Command{"convert", "a set of pictures, one folder a class, as shards, .npy files or TFRecords",
            &SpectrumConvert},
    Command{"perturb", "a set of pictures with noise, blur, cropping or JPEG, as a set of its own",
            &SpectrumPerturb},
};

std::string Help() {
  std::string help =
      "seam spectrum: detectors that look at frequencies\n\nusage: seam spectrum COMMAND "
      "[ARGUMENT...]\n\ncommands:\n";
  for (const auto& command : kCommands) help += fmt::format("  {:<12}{}\n", command.name, command.summary);
  return help + "\nseam spectrum COMMAND --help lists a command's options.\n";
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << Help();
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  if (first == "--help" || first == "-h") {
    std::cout << Help();
    return kExitGood;
  }
  if (first == "--version") {
    std::cout << fmt::format("seam {}\n", Version());
    return kExitGood;
  }
  std::vector<std::string> names;
  for (const auto& command : kCommands) {
    if (first == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  const std::string near = Nearest(first, names);
  throw UsageError(
      "'" + first + "'", "no such command",
      near.empty() ? "seam spectrum --help lists them" : fmt::format("did you mean seam spectrum {}?", near));
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }
