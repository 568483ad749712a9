#include "train/initial_model.h"

#include <algorithm>
#include <map>
#include <utility>

#include <ATen/Context.h>

#include <fmt/format.h>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/random.h"
#include "models/torch/checkpoint.h"
#include "models/zoo/registry.h"

namespace seam {
namespace {

void CheckSameNetwork(const ModelOptions& held, const ModelOptions& wanted, const std::string& file) {
  if (held.model != wanted.model) {
    throw Error(file, fmt::format("holds the network {}, not {}", held.model, wanted.model),
                fmt::format("--model {}", held.model));
  }
  // A network of the colours alone starts one that sees more: the convolution that joins them is fresh.
  if (held.input_channels != wanted.input_channels && held.input_channels != ModelOptions().input_channels) {
    throw Error(file, fmt::format("sees {}, not {}", held.input_channels, wanted.input_channels),
                fmt::format("--input-channels {}", held.input_channels));
  }
  if (held.variant != wanted.variant) {
    throw Error(file, fmt::format("holds the variant {}, not {}", held.variant.dump(), wanted.variant.dump()),
                "give the same --variant");
  }
}

// Whether the heads' weights mean the same: the mean over a window is what an image network does with its
// frames.
bool SameHead(const TemporalOptions& a, const TemporalOptions& b) {
  if (a.head != "lstm" || b.head != "lstm") return a.head != "lstm" && b.head != "lstm";
  return a.hidden == b.hidden && a.layers == b.layers && a.bidirectional == b.bidirectional &&
         a.steps == b.steps && a.projection == b.projection;
}

std::vector<std::string> CollectFiles(const std::string& init) {
  if (init.empty()) return {};
  std::vector<std::string> files = SplitPaths(init);
  if (std::find(files.begin(), files.end(), "") != files.end())
    throw UsageError("--init", fmt::format("'{}' names an empty file", init), "FILE,FILE");
  return files;
}

// What a network of `options` takes of the checkpoint `file`; a head of another kind stays as `fresh` has it.
std::map<std::string, torch::Tensor> WeightsFor(const ModelOptions& options, const std::string& file,
                                                const Model& held, bool alone, const Model& fresh) {
  CheckSameNetwork(held.options(), options, file);
  auto weights = ListWeights(held);
  if (held.options().input_channels != options.input_channels) {
    for (const auto& [name, weight] : ListWeights(fresh))
      if (name.starts_with(kAdapter)) weights[name] = weight;
    Say(fmt::format("{}: the convolution of {} is fresh", file, options.input_channels));
  }
  if (SameHead(held.options().temporal, options.temporal)) return weights;
  if (!alone) {
    throw Error(file,
                fmt::format("has the head {}, not {}", held.options().temporal.head, options.temporal.head),
                "the mean of several --init takes networks with the same --temporal");
  }
  std::erase_if(weights, [&](const auto& weight) { return held.IsHead(weight.first); });
  const std::size_t kept = weights.size();
  for (const auto& [name, weight] : ListWeights(fresh))
    if (fresh.IsHead(name)) weights[name] = weight;
  Say(fmt::format("{}: the backbone starts from it; the {} weights of the head (--temporal {}) are fresh",
                  file, weights.size() - kept, options.temporal.head));
  return weights;
}

}  // namespace

InitialModel MakeInitialModel(const ModelOptions& options, const std::string& init, std::uint64_t seed) {
  at::manual_seed(MakeEngine(seed, Stream::kWeights)());
  InitialModel initial;
  initial.model = MakeModel(options);
  const auto files = CollectFiles(init);
  std::map<std::string, torch::Tensor> sum;
  for (const auto& file : files) {
    Checkpoint checkpoint = LoadCheckpoint(file);
    LoadWeights(WeightsFor(options, file, *checkpoint.model, files.size() == 1, *initial.model), file,
                initial.model.get());
    for (const auto& [name, weight] : ListWeights(*initial.model)) {
      torch::Tensor& total = sum[name];
      total = total.defined() ? total + weight.detach() : weight.detach().clone();
    }
    initial.from.emplace_back(file, std::move(checkpoint.info));
  }
  for (auto& [name, weight] : sum) weight /= static_cast<double>(files.size());
  if (!files.empty()) LoadWeights(sum, init, initial.model.get());
  return initial;
}

}  // namespace seam
