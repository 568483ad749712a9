#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// Vision transformers: Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition
// at Scale", ICLR 2021, in timm's form and with its names, the norms before each part:
//   x + attention(norm1(x)), then x + mlp(norm2(x)).
// `options.model` says how wide and deep: vit_s (384 wide, 12 deep, 6 heads), vit_b (768, 12, 12) or vit_l
// (1024, 24, 16), and how many pixels a side its patches have: vit_b16.
//
// `options.variant`: `flavour` says what the tensors do not show; each of its parts is a key of its own, too.
//   flavour    act         eps    first_norm  patch_bias  pool       beside that
//   timm       gelu        1e-6   false       true        class      ImageNet's scaling
//   google     gelu        1e-12  false       true        class      google/vit-base-patch16-224 and its kind
//   clip       quick_gelu  1e-5   true        false       class      Radford et al., ICML 2021
//   siglip     gelu_tanh   1e-6   false       true        mean       no class token; Zhai et al., ICCV 2023
//   pe         gelu        1e-5   true        false       attention  rotary=grid; Bolya et al., NeurIPS 2025
//   dinov3     gelu        1e-5   false       true        class      rotary=unit, registers=4, layer_scale,
//                                                                    no positions; Simeoni et al., 2025
// More keys: width, depth, heads, mlp (the width within a block), patch; `positions`, the side of the grid
// that learned positions are of (0: there are none; else, where it is not the input's own, they are
// resampled); class_token; registers (0: none); pool_heads, of pool=attention, which has an MLP of its own;
// projection (a dense layer without bias after the last norm; 0: none); unit (features of length 1).
//
// The angles of the patch of column and row i, j of a side g, with d a head's numbers and k below d / 4:
//   rotary=grid  ((i + 1) / g * positions) f, and the same of j, with f = 10000^(-k / (d / 4))
//   rotary=unit  2 pi (2 (j + 0.5) / g - 1) f, and the same of i, with f = 100^(-k / (d / 4))

// -> features [B, F], F the width or the projection.
int VitBackbone(Graph* graph, int pictures, const ModelOptions& options);
int VitClassifier(Graph* graph, int features, const ModelOptions& options);

// What `options` ask for, by the keys of the variant whose values tensors show: width, depth, mlp, patch,
// registers, positions, projection, flavour.
nlohmann::json VitSizes(const ModelOptions& options);

}  // namespace seam
