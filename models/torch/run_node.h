#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/networks/graph.h"

namespace seam {

// How a pass treats the nodes that behave in training otherwise than in inference.
struct RunMode {
  bool training = false;         // norms take the batch's statistics, and dropout acts
  bool track_statistics = true;  // of training: norms move their running statistics
};

// What a binary convolution multiplies with: Note [Binary weights].
torch::Tensor BinaryWeights(const torch::Tensor& weight, const torch::Tensor& temperature);

// The result of a node, by LibTorch's operators. `inputs` are those of node.inputs; `weight` gives the tensor
// of a suffix ("weight", "bias").
torch::Tensor RunNode(const Node& node, const std::vector<torch::Tensor>& inputs,
                      const std::function<torch::Tensor(const std::string&)>& weight, const RunMode& mode);

// Learned positions, [lead + S * S, C], for a sequence of `shape`: resampled where its grid is another.
torch::Tensor ResampledPositions(const torch::Tensor& positions, const Shape& shape);

}  // namespace seam
