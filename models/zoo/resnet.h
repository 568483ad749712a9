#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// ResNet-18 and ResNet-50 (He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016),
// as torchvision has them, weights' names included: the stride of ResNet-50's blocks is in their 3x3
// convolution. `options.model` says which. Pictures are scaled by ImageNet's means and deviations.
// `options.variant`: width, the channels W of the first stage, 64 in the paper; the other three have 2 W, 4 W
// and 8 W.

// -> features [B, F], F = 8 W or 32 W: 512 or 2048.
int ResNetBackbone(Graph* graph, int pictures, const ModelOptions& options);
int ResNetClassifier(Graph* graph, int features, const ModelOptions& options);
// With any number of outputs; the published networks have 1000.
int ResNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

}  // namespace seam
