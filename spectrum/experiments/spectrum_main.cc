#include <string>
#include <vector>

#include "base/commands.h"
#include "base/program.h"
#include "spectrum/experiments/convert_command.h"
#include "spectrum/experiments/experiment_commands.h"
#include "spectrum/experiments/explain_command.h"
#include "spectrum/experiments/features_command.h"
#include "spectrum/experiments/perturb_command.h"
#include "spectrum/experiments/statistics_command.h"
#include "spectrum/network_classifier.h"

namespace seam {
namespace {

// Of networks, in the program that is linked with LibTorch.
NetworkTrainer TrainerOfNetworks() {
#ifdef SEAM_TORCH_PARTS
  return LinkedNetworkTrainer();
#else
  return nullptr;
#endif
}

int Main(const std::vector<std::string>& arguments) {
  return RunCommands(
      {"seam spectrum",
       "detectors that look at frequencies",
       "command",
       {{"features", "the features of pictures, videos and shards as one file", &SpectrumFeatures},
        {"train", "a classifier of features, saved or taken now",
         [](const std::vector<std::string>& given) { return SpectrumTrain(given, TrainerOfNetworks()); }},
        {"test", "how a model does on features", &SpectrumTest},
        {"classify", "which share of pictures is of which class", &SpectrumClassify},
        {"crosstest", "a folder of models by a folder of feature files", &SpectrumCrossTest},
        {"grid-search", "a classifier with many settings, kept as JSON", &SpectrumGridSearch},
        {"statistics", "the mean spectra of sets of pictures, as pictures and one page",
         &SpectrumStatisticsCommand},
        {"explain", "which parts of a picture speak for a class, by any checkpoint (LIME)", &SpectrumExplain},
        {"convert", "a set of pictures, one folder a class, as shards, .npy files or TFRecords",
         &SpectrumConvert},
        {"perturb", "a set of pictures with noise, blur, cropping or JPEG, as a set of its own",
         &SpectrumPerturb}}},
      arguments);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }
