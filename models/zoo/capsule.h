#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// Capsule-Forensics: Nguyen et al., "Use of a Capsule Network to Detect Fake Images and Videos",
// arXiv:1910.12467, as DeepfakeBench has it. The first half of VGG-19, ten capsules that look at means and
// standard deviations of their maps, and routing between these and two classes. The layers of a capsule
// behind these statistics are affine, and so are one here. `options.variant`: scale (half); widths of VGG's
// three parts (64/128/256), of the capsules' two layers (64/16) and of their vectors (8), as
// widths=64/128/256/64/16/8; capsules (10).

// -> features [B, 4]: by how much each number of the class fake exceeds that of real.
int CapsuleBackbone(Graph* graph, int pictures, const ModelOptions& options);
// A dense layer, which the published network has as a mean.
int CapsuleClassifier(Graph* graph, int features, const ModelOptions& options);

}  // namespace seam
