#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/graph.h"

namespace seam {

// What a node answers, by LibTorch's operators. `inputs` are those of node.inputs; `weight` gives the tensor
// of a suffix ("weight", "bias"). In training, norms take the batch's statistics and move the running ones,
// and dropout acts.
torch::Tensor RunNode(const Node& node, const std::vector<torch::Tensor>& inputs,
                      const std::function<torch::Tensor(const std::string&)>& weight, bool training);

}  // namespace seam
