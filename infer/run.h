#pragma once

#include "base/cancel.h"
#include "base/options.h"
#include "infer/settings.h"

namespace seam {

struct TorchParts;

// Whether the run cannot do without LibTorch: for heat maps and GPUs.
bool NeedsTorch(const InferSettings& settings);

// Scores everything that the settings name and writes the report; the exit status. `torch` may be null where
// NeedsTorch() says no. An Error when cancelled.
int RunInference(const InferSettings& settings, const Options& options, const TorchParts* torch,
                 const CancelToken& cancel);

}  // namespace seam
