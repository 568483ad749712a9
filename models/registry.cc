#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/options.h"
#include "models/meso.h"
#include "models/model.h"
#include "models/temporal.h"

namespace seam {

const std::vector<ModelEntry>& ModelRegistry() {
  static const std::string mesonet =
      "Afchar et al., MesoNet: a Compact Facial Video Forgery Detection Network, WIFS 2018, arXiv:1809.00888";
  static const std::vector<ModelEntry> registry = {
      {"meso4", mesonet, 256, &Meso4Backbone, &MesoClassifier},
      {"mesoinception4", mesonet, 256, &MesoInception4Backbone, &MesoClassifier},
  };
  return registry;
}

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const auto& entry : ModelRegistry()) names.push_back(entry.name);
  return names;
}

const ModelEntry& FindModel(const std::string& name) {
  for (const auto& entry : ModelRegistry()) {
    if (entry.name == name) return entry;
  }
  const std::string near = Nearest(name, ModelNames());
  throw UsageError(
      "model", fmt::format("'{}' is not a network that Seam knows", Printable(name)),
      fmt::format("{}the networks are: {}", near.empty() ? "" : fmt::format("did you mean {}? ", near),
                  fmt::join(ModelNames(), ", ")));
}

Graph MakeGraph(const ModelOptions& options) {
  const ModelEntry& entry = FindModel(options.model);
  Graph graph;
  const int pictures = graph.Input(options.size == -1 ? entry.size : options.size);
  const int features = entry.backbone(&graph, pictures, options);
  graph.BeginHead(features);
  entry.classifier(&graph, AddTemporalHead(&graph, features, options.temporal), options);
  return graph;
}

std::shared_ptr<Model> MakeModel(const ModelOptions& options) {
  return std::make_shared<Model>(options, MakeGraph(options));
}

std::shared_ptr<Model> MakeModel(const std::string& name) {
  ModelOptions options;
  options.model = name;
  return MakeModel(options);
}

}  // namespace seam
