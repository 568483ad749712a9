#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// Xception (Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017) with the
// names of the usual PyTorch port, "pretrained-models": the first two convolutions have no padding. Pictures
// are scaled to -1..1. `options.model` says which:
//   xception         the published network
//   xception_light   four blocks in its middle instead of eight
//   xception_midway  two channels a group in its depthwise convolutions; the shortcut of every block is a
//                    1x1 convolution with a batch norm
// The last two are those of https://github.com/tobiapoppi/CVCS_project_DeepFake.

// `options.variant`: ucf, the part of UCF (Yan et al., "UCF: Uncovering Common Features for Generalizable
// Deepfake Detection", ICCV 2023) that works in inference: 1x1 convolutions to ucf_widths (512/256/512: the
// first, the other three, the hidden layer of the classifier) on the map before the last ReLU; features [B,
// 256].

// -> features [B, 2048].
int XceptionBackbone(Graph* graph, int pictures, const ModelOptions& options);
int XceptionClassifier(Graph* graph, int features, const ModelOptions& options);
// With any number of outputs; published networks have 1000 or 2.
int XceptionClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

}  // namespace seam
