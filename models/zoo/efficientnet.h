#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// EfficientNet-B0 to B7 (Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
// ICML 2019), as torchvision has them, weights' names included; `options.model` says which. B5 to B7 have the
// batch norms of TensorFlow's code, as there. Pictures are scaled by ImageNet's means and deviations.
//
// options.variant:
//   tf=true        TensorFlow's 'same' padding, which at stride 2 depends on the side, and its batch norms
//                  (eps 0.001, momentum 0.01): what weights named tf_efficientnet_* and those of
//                  EfficientNet-PyTorch were trained with
//   flatten=true   features are the last map, [B, F * (S / 32)^2], instead of its means
//   classifier=H   dropout, dense layer to H, leaky ReLU of 0.1 before the last dropout and dense layer

// -> features [B, F], F = 1280 for B0 to 2560 for B7.
int EfficientNetBackbone(Graph* graph, int pictures, const ModelOptions& options);
int EfficientNetClassifier(Graph* graph, int features, const ModelOptions& options);
// With any number of outputs; the published networks have 1000.
int EfficientNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

}  // namespace seam
