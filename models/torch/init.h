#pragma once

#include <torch/types.h>

#include "models/networks/graph.h"

namespace seam {

// Fills a fresh weight of `graph` as its node's Init says, from LibTorch's default generator.
void Initialise(const Graph& graph, const WeightSpec& weight, torch::Tensor* tensor);

}  // namespace seam
