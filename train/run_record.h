#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/options.h"
#include "train/dataset.h"
#include "train/run_folder.h"

namespace seam {

// What run.json says: version, options, the data with its digests, the crop, the machine.
nlohmann::json RunRecord(const nlohmann::json& options, const ClipDataset& train, const ClipDataset& val,
                         int threads);

// The part of it that a checkpoint carries, as JSON text: nothing of the machine or its folders.
std::string RecipeOf(const nlohmann::json& record);

// For a run that goes on: an Error when the shards are not those that `earlier` (run.json) was made with.
void CheckSameData(const nlohmann::json& earlier, const nlohmann::json& now, const RunFolder& folder);

}  // namespace seam
