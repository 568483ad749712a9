#pragma once

#include "models/graph.h"
#include "models/model_options.h"

namespace seam {

// ResNet-18 and ResNet-50 (He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016),
// as torchvision has them, weights' names included: the stride of ResNet-50's blocks is in their 3x3
// convolution. `options.model` says which. Pictures are scaled by ImageNet's means and deviations.

// -> features [B, F], F = 512 or 2048.
int ResNetBackbone(Graph* graph, int pictures, const ModelOptions& options);
int ResNetClassifier(Graph* graph, int features, const ModelOptions& options);
// With any number of answers; the published networks have 1000.
int ResNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

}  // namespace seam
