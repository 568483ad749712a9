#pragma once

#include "base/options.h"
#include "infer/settings.h"

namespace seam {

// Scores everything that the settings name and writes the report; the exit status.
int RunInference(const InferSettings& settings, const Options& options);

}  // namespace seam
