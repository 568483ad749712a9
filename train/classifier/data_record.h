#pragma once

#include <nlohmann/json_fwd.hpp>

#include "train/data/dataset.h"

namespace seam {

// What run.json says of a split: its digests, its damage, and how much there is of it.
nlohmann::json DataRecord(const ClipDataset& dataset);

}  // namespace seam
