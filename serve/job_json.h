#pragma once

#include <nlohmann/json.hpp>

#include "serve/job.h"

namespace seam::serve {

class JobQueue;
class JobStore;

// A job as the API shows it (schema Job of web/openapi.json). No path of the server's own.
nlohmann::ordered_json JobJson(const Job& job, const JobQueue& queue, const JobStore& store);

}  // namespace seam::serve
