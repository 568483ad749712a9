#include "spectrum/experiments/features_command.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/options.h"
#include "base/progress.h"
#include "spectrum/experiments/make_features.h"

namespace seam {
namespace {

std::string ShapeWords(const FeatureSet& set) {
  return fmt::format("{} rows of {}", set.rows(), fmt::join(set.shape, " x "));
}

}  // namespace

int SpectrumFeatures(const std::vector<std::string>& arguments) {
  MakeOptions make;
  std::string output;
  std::vector<std::string> inputs;
  Options options("seam spectrum features", "INPUT... --output FILE.npz [options]",
                  "the features of pictures, videos and shards as one file",
                  "seam spectrum features data/train --whole --output train.npz");
  options.Add("output", &output,
              "the features: .npz (data, label, path, classes, recipe) or .npy (data alone)");
  make.Register(&options);
  options.AddPositional("input", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  make.Check();
  if (inputs.empty())
    throw UsageError("seam spectrum features", "no input named", "name a folder of pictures");
  if (!output.ends_with(".npz") && !output.ends_with(".npy"))
    throw UsageError("--output", "must end in .npz or .npy", "--output features.npz");
  const auto made = MakeFeatures(inputs, make, output + ".part");
  if (!made) {
    SayWarning(fmt::format("interrupted; {}.part holds what is done, and the same command goes on", output));
    return kExitFailed;
  }
  for (const auto& [path, problem] : made->bad) SayWarning(Printable(path + ": " + problem));
  if (made->set.rows() == 0)
    throw Error(output, fmt::format("none of {} inputs gave features", made->bad.size()));
  WriteFeatureSet(output, made->set);
  std::filesystem::remove(output + ".part");
  const FeatureSet& set = made->set;
  Say(fmt::format("{}: {}", Printable(output), ShapeWords(set)));
  for (std::size_t c = 0; c < set.classes.size(); ++c) {
    Say(fmt::format("  {} {}: {}", c, Printable(set.classes[c]),
                    std::count(set.labels.begin(), set.labels.end(), static_cast<int>(c))));
  }
  if (!made->bad.empty()) Say(fmt::format("  without features: {}", made->bad.size()));
  return made->bad.empty() ? kExitGood : kExitSomeFailed;
}

}  // namespace seam
