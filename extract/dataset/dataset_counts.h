#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "labels/manifest.h"

namespace seam {

// How many videos of a kind met the same fate, and what they gave.
struct DatasetCount {
  std::string split, label, method, status;
  std::int64_t videos = 0, frames = 0, faces = 0, clips = 0;
};

// By split (train, val, test, then those without), label, method and status.
std::vector<DatasetCount> CountRows(const std::vector<ManifestRow>& rows);

// A list of objects with the members' names.
nlohmann::ordered_json CountsJson(const std::vector<DatasetCount>& counts);

// A line each under a line of names, and the sum of all.
std::string CountsTable(const std::vector<DatasetCount>& counts);

}  // namespace seam
