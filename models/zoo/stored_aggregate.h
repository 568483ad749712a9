#pragma once

#include <string>

#include "models/zoo/stored_network.h"

namespace seam {

// How the authors of an imported network make one score of a video, AggregateOptions::aggregate; "" where the
// checkpoint does not say. It stands in the recipe, as "import": {"aggregate_as"}. A name that this Seam does
// not know is an Error of who uses it.
std::string StoredAggregate(const CheckpointInfo& info);

}  // namespace seam
