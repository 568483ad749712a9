#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// BNext (Guo et al., "Join the High Accuracy Club on ImageNet with A Binary Neural Network Ticket",
// arXiv:2211.12933): convolutions of signs with signs. "bnext_t", "bnext_s", "bnext_m" and "bnext_l"; weights
// have the names of https://github.com/hpi-xnor/BNext, without those that nothing uses there: the slopes of
// its first convolution and of units that have no attention.
//
// Keys of options.variant: `scale`; `width`, channels of the first convolution (32, 48, 48, 64), a multiple
// of 8; `stem_stride` (2).
int BNextBackbone(Graph* graph, int pictures, const ModelOptions& options);  // -> features [B, 32 * width]
// One dense layer, "fc".
int BNextClassifier(Graph* graph, int features, const ModelOptions& options);
int BNextClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

}  // namespace seam
