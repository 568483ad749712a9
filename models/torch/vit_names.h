#pragma once

#include <nlohmann/json.hpp>

#include "models/torch/tensors.h"

namespace seam {

// Weights of vision transformers go by the names of OpenAI's CLIP, of Hugging Face's CLIP, SigLIP, ViT and
// DINOv3, of timm, or of Seam. These functions know them all, but for what a wrapper puts before.

// Brings tensors to Seam's names and shapes (models/zoo/vit.h). Queries, keys and values are joined; a
// key without bias gets zeros; `weight_main` with a residual U diag(S) V becomes one weight; the query of
// attention pooling is worked out of its latent token; a projection that features are multiplied by from the
// left is turned. The rotary pairs of DINOv3 lie half a head apart. So the rows of queries and keys of each
// head are put in another order, which makes pairs neighbours: attention is the same. `heads`, of each block;
// 0: 64 numbers each. What has other names stays.
void UseVitNames(int heads, TorchTensors* tensors);

// What tensors under their authors' names or Seam's tell of the network, as ModelOptions::variant has it:
// flavour, patch, width, depth, mlp, positions, registers, projection. Heads are not among it: tensors do not
// tell. Empty where they are of no such network.
nlohmann::json VitVariant(const TorchTensors& tensors);

}  // namespace seam
