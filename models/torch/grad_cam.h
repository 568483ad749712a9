#pragma once

#include <torch/types.h>

#include "models/torch/model.h"

namespace seam {

// Where a network looks: Grad-CAM (Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
// Gradient-based Localization", ICCV 2017, equations 1 and 2). The weight of a channel of the last map is the
// mean over its cells of the logit's gradient; the maps are added by these weights, and what is negative
// becomes 0. What is left are the cells that speak for "fake"; a picture that nothing in speaks for it has
// a map of zeros.

// The node that is explained: the last of the backbone whose result has cells, that is a side above 1. From
// there on a network only gathers (pools, flattens, classifies). An Error where no node has, but the
// pictures.
int FindLastMap(const Graph& graph);

// clips [N, T, 3, S, S] as Model::forward() takes them -> maps [N, T, side, side] of floats on the CPU, with
// the side of FindLastMap(). The greatest number of each picture is 1; of each window, where the network
// takes windows, so that its frames can be compared. `model` is as it was: no gradient is left on its
// weights, and norms and dropout work as in inference. Any number of threads.
torch::Tensor GradCam(const Model& model, const torch::Tensor& clips);

}  // namespace seam
