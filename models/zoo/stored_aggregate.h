#pragma once

#include <string>

#include "models/zoo/stored_network.h"
#include "scores/verdict.h"

namespace seam {

// How the authors of an imported network make one score of a video, AggregateOptions::aggregate; "" where the
// checkpoint does not say. It stands in the recipe, as "import": {"aggregate_as"}. A name that this Seam does
// not know is an Error of who uses it.
std::string StoredAggregate(const CheckpointInfo& info);

// How the network's scores become verdicts: MakeVerdictRule() with what the checkpoint holds. Where it was
// not calibrated and no `threshold` is given, the band in which the authors of an imported network say
// neither; it stands in the recipe, as "import": {"band": [low, high]}.
VerdictRule StoredVerdictRule(const CheckpointInfo& info, const std::string& threshold = "");

}  // namespace seam
