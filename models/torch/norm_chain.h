#pragma once

#include "models/networks/activation.h"
#include "models/networks/graph.h"

namespace seam {

// A batch norm with what stands right before and after it: nodes `first` to `last` of a graph.
struct NormChain {
  int first = 0, norm = 0, last = 0;
  bool relu_before = false;
  Activation after = Activation::kNone;  // or kRelu or kSilu
  int pool = 1;  // side of the windows of the max pooling after it, which do not overlap; 1: none
};

// The chain of at most three nodes that begins with `node`: [ReLU,] batch norm [, ReLU or SiLU or max
// pooling]. Each but the last has no other user. One that begins nowhere has last < first.
NormChain FindNormChain(const Graph& graph, int node);

}  // namespace seam
