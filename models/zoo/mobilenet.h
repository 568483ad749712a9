#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// MobileNetV2 of width 1 (Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear
// Bottlenecks", CVPR 2018), as torchvision has it, weights' names included. Pictures are scaled by ImageNet's
// means and deviations.
//
// options.variant, for weights that others published:
//   relu=true   ReLU instead of ReLU6: torchvision's weights of quantisation-aware training
//   scale=NAME  another scaling of pictures: models/zoo/variant.h
//   tf=true     TensorFlow's 'same' padding, which at stride 2 depends on the side, and pictures from -1 to 1

// -> features [B, 1280].
int MobileNetBackbone(Graph* graph, int pictures, const ModelOptions& options);
int MobileNetClassifier(Graph* graph, int features, const ModelOptions& options);
// With any number of outputs; the published networks have 1000.
int MobileNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

}  // namespace seam
