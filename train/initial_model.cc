#include "train/initial_model.h"

#include <ATen/Context.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
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

}  // namespace

std::shared_ptr<Model> InitialModel(const ModelOptions& options, const std::string& init,
                                    std::uint64_t seed) {
  at::manual_seed(MakeEngine(seed, Stream::kWeights)());
  auto model = MakeModel(options);
  if (init.empty()) return model;
  const Checkpoint checkpoint = LoadCheckpoint(init);
  const ModelOptions& held = checkpoint.model->options();
  CheckSameNetwork(held, options, init);
  auto weights = WeightsOf(*checkpoint.model);
  if (!SameHead(held.temporal, options.temporal)) {
    std::erase_if(weights, [&](const auto& weight) { return checkpoint.model->IsHead(weight.first); });
    std::size_t fresh = 0;
    for (const auto& [name, weight] : WeightsOf(*model)) {
      if (model->IsHead(name)) {
        weights[name] = weight;
        ++fresh;
      }
    }
    Say(fmt::format("{}: the backbone starts from it; the {} weights of the head (--temporal {}) are fresh",
                    init, fresh, options.temporal.head));
  }
  LoadWeights(weights, init, model.get());
  return model;
}

}  // namespace seam
