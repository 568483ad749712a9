#pragma once

#include <string>
#include <vector>

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// A row of the registry: a family's way to write down the network that `options` ask for.
struct ModelEntry {
  std::string name;
  std::string paper;
  int size;  // of the input, by default
  // Adds the backbone to a graph whose node `pictures` are RGB 0..255 [B, 3, S, S]; returns the node of its
  // features [B, F]. An Error for options it does not know.
  int (*backbone)(Graph* graph, int pictures, const ModelOptions& options);
  // Adds the classifier: [.., F] -> [.., 1], one logit, P(fake).
  int (*classifier)(Graph* graph, int features, const ModelOptions& options);
};

// Every network Seam knows. Adding one is adding a row in registry.cc: docs/models.md.
const std::vector<ModelEntry>& ModelRegistry();

// The row of `name`; a UsageError lists the names and the nearest.
const ModelEntry& FindModel(const std::string& name);
std::vector<std::string> ModelNames();

// What the convolution is called that brings the channels of --input-channels to three.
inline constexpr const char* kAdapter = "adapter";

// The whole graph: input, backbone, temporal head, classifier. An Error for options that the network does not
// have.
Graph MakeGraph(const ModelOptions& options);

}  // namespace seam
