#pragma once

#include <nlohmann/json.hpp>

#include "serve/job_queue.h"

namespace seam::serve {

// What a checkpoint says of itself, for the page: network, threshold, band, measured errors, notice. Read
// from the file; throws Error where it is no checkpoint.
nlohmann::ordered_json ModelJson(const ServedModel& model);

}  // namespace seam::serve
