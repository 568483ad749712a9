#include "train/initial_model.h"

#include <ATen/Context.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/split.h"
#include "models/checkpoint.h"
#include "train/random.h"

namespace seam {
namespace {

void CheckSameNetwork(const ModelOptions& held, const ModelOptions& wanted, const std::string& file) {
  if (held.model != wanted.model) {
    throw Error(file, fmt::format("holds the network {}, not {}", held.model, wanted.model),
                fmt::format("--model {}", held.model));
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

// What a network of `options` takes of the checkpoint `file`; a head of another kind stays as `fresh` has it.
std::map<std::string, torch::Tensor> WeightsFor(const ModelOptions& options, const std::string& file,
                                                bool alone, const Model& fresh) {
  const auto held = LoadCheckpoint(file).model;
  CheckSameNetwork(held->options(), options, file);
  auto weights = WeightsOf(*held);
  if (SameHead(held->options().temporal, options.temporal)) return weights;
  if (!alone) {
    throw Error(file,
                fmt::format("has the head {}, not {}", held->options().temporal.head, options.temporal.head),
                "the mean of several --init takes networks with the same --temporal");
  }
  std::erase_if(weights, [&](const auto& weight) { return held->IsHead(weight.first); });
  const std::size_t kept = weights.size();
  for (const auto& [name, weight] : WeightsOf(fresh))
    if (fresh.IsHead(name)) weights[name] = weight;
  Say(fmt::format("{}: the backbone starts from it; the {} weights of the head (--temporal {}) are fresh",
                  file, weights.size() - kept, options.temporal.head));
  return weights;
}

}  // namespace

std::shared_ptr<Model> InitialModel(const ModelOptions& options, const std::string& init,
                                    std::uint64_t seed) {
  at::manual_seed(MakeEngine(seed, Stream::kWeights)());
  auto model = MakeModel(options);
  if (init.empty()) return model;
  const auto files = SplitAtCommas(init);
  std::map<std::string, torch::Tensor> sum;
  for (const auto& file : files) {
    LoadWeights(WeightsFor(options, file, files.size() == 1, *model), file, model.get());
    for (const auto& [name, weight] : WeightsOf(*model)) {
      torch::Tensor& total = sum[name];
      total = total.defined() ? total + weight.detach() : weight.detach().clone();
    }
  }
  for (auto& [name, weight] : sum) weight /= static_cast<double>(files.size());
  LoadWeights(sum, init, model.get());
  return model;
}

}  // namespace seam
