#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// RECCE: Cao et al., "End-to-End Reconstruction-Classification Learning for Face Forgery Detection", CVPR
// 2022. A decoder draws the picture again from what an Xception has behind block 4. A graph joins two of the
// decoder's maps with the Xception's behind block 7, and where the drawing differs from the picture, block 9
// looks. Training here learns the classification alone, without the paper's losses of the drawing.
// `options.variant`: scale (half); widths, as those of Xception, of which the second to fourth are the
// decoder's, too; joined, the channels of each part that the graph joins (256).

// -> features [B, 2048].
int RecceBackbone(Graph* graph, int pictures, const ModelOptions& options);

}  // namespace seam
