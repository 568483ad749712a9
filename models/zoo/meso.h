#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// MesoNet (Afchar, Nozick, Yamagishi, Echizen, "MesoNet: a Compact Facial Video Forgery Detection Network",
// WIFS 2018), as its authors' Keras code has it: four stages, each followed by ReLU, batch norm (in this
// order) and max pooling, and two dense layers. Meso-4's stages are convolutions; MesoInception-4's first two
// are four branches beside one another. The authors' weights give P(real); here, as everywhere, fake is
// positive. The side of the input is a multiple of 32.
//
// options.variant, for weights that others published:
//   bias_free=true       convolutions without biases
//   torch_norms=true     batch norms with PyTorch's eps 1e-5 and momentum 0.1 instead of Keras' 1e-3 and 0.01
//   shared_norms=true    one batch norm for two stages of equal width: norm1 for the first and second of
//                        Meso-4, norm2 for its third and fourth; norm3 for those of MesoInception-4
//   plain_branches=true  no ReLU within MesoInception-4's branches
//   scale=half|imagenet  pictures are scaled to -1..1, or by ImageNet's means and deviations; otherwise 0..1
// Sources: https://github.com/DariusAf/MesoNet, https://github.com/HongguLiu/MesoNet-Pytorch,
// https://github.com/maragori/DeepfakeForensics-v1.

// -> features [B, 16 * (S / 32)^2], flattened from [B, 16, S / 32, S / 32].
int Meso4Backbone(Graph* graph, int pictures, const ModelOptions& options);
int MesoInception4Backbone(Graph* graph, int pictures, const ModelOptions& options);
int MesoClassifier(Graph* graph, int features, const ModelOptions& options);

}  // namespace seam
