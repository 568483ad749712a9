#pragma once

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// What stands between a backbone and its classifier, whichever they are: features [N * T, F] of the frames ->
// [N, F'] of the windows.
//   none   nothing: frames are answered one by one
//   mean   the mean of the window's features
//   lstm   Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with forget gates, as LibTorch has it;
//          its state begins at zero. Then its last step, or the mean over its steps.
// Its weights are lstm.weight_ih_l0 and so on, and projection.weight.
int AddTemporalHead(Graph* graph, int features, const TemporalOptions& options);

}  // namespace seam
