#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// Two Xceptions, one of which sees the picture and one its noise: Luo et al., "Generalizing Face Forgery
// Detection with High-frequency Features", CVPR 2021, as DeepfakeBench has it. The noise is what the three
// kernels of Fridrich, Kodovsky, "Rich Models for Steganalysis of Digital Images", 2012, leave, at most 3;
// each Xception looks at the other behind blocks 3 and 7, and the noise says which pixels count. The size of
// the input is part of the network: dense layers weight all pairs of pixels behind these blocks.
// `options.variant`: scale (half); widths, as those of Xception; keys, the channels that the Xceptions
// compare (an eighth of the fifth width); hidden, of the last attention (a sixteenth of the last width).

// -> features [B, 2048].
int SrmBackbone(Graph* graph, int pictures, const ModelOptions& options);

}  // namespace seam
