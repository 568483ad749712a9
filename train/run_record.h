#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/options.h"
#include "train/initial_model.h"
#include "train/run_folder.h"

namespace seam {

// What run.json says: version, options, machine, and what Task::Describe() says.
nlohmann::json RunRecord(const nlohmann::json& options, const nlohmann::json& described, int threads);

// What a network had seen before the run, for run.json and the recipe. It has an entry for each checkpoint
// that it started from, and for those from which these started. An entry is the file's name and, as `train`
// and `val`, DigestsIn() its recipe.
nlohmann::json ListOrigins(const InitialCheckpoints& from);

// The digests in a recipe of the shards of `split`, and of their folders, in the run itself. Empty where the
// recipe is not a run's.
std::vector<std::string> DigestsIn(const nlohmann::json& recipe, const std::string& split);

// The part of it that a checkpoint carries, as JSON text: nothing of the machine or its folders. The record
// has `init_files`, the names of the files of --init, too. `local_options`: see Task.
std::string ReadRecipe(const nlohmann::json& record, const std::vector<std::string>& local_options);

// For a run that goes on: an Error when the shards are not those that `earlier` (run.json) was made with.
void CheckSameData(const nlohmann::json& earlier, const nlohmann::json& now, const RunFolder& folder);

}  // namespace seam
