#include "serve/job_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "serve/job_queue.h"
#include "serve/job_store.h"

namespace seam::serve {
namespace {

// RFC 3339 in UTC with milliseconds; null for 0.
nlohmann::ordered_json TimeJson(std::int64_t ms) {
  if (ms == 0) return nullptr;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)),
                     ms % 1000);
}

// The text, or null for "".
nlohmann::ordered_json TextOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

// Seconds until the job's end, as far as the last jobs tell; null where nothing tells.
nlohmann::ordered_json SecondsLeft(const Job& job, std::int64_t position, const JobQueue& queue) {
  const std::optional<double> typical = queue.TypicalSeconds();
  if (!typical || IsFinal(job.state)) return nullptr;
  const double own = *typical;
  if (job.state == JobState::kRunning) {
    return std::max(0.0, own - static_cast<double>(NowMs() - job.started_ms) / 1000);
  }
  return own + own * static_cast<double>(position + 1) / queue.options().workers;
}

}  // namespace

nlohmann::ordered_json JobJson(const Job& job, const JobQueue& queue, const JobStore& store) {
  const std::int64_t position = store.FindPosition(job);
  nlohmann::ordered_json json = {
      {"id", job.id},
      {"number", job.number},
      {"name", job.name},
      {"state", JobStateName(job.state)},
      {"model", job.model},
      {"size", job.size},
      {"uploaded", job.uploaded},
      {"sha256", TextOrNull(job.sha256)},
      {"created", TimeJson(job.created_ms)},
      {"started", TimeJson(job.started_ms)},
      {"finished", TimeJson(job.finished_ms)},
      {"attempts", job.attempts},
      {"position", job.state == JobState::kQueued ? nlohmann::ordered_json(position) : nullptr},
      {"seconds_left", SecondsLeft(job, position, queue)},
      {"verdict", TextOrNull(job.verdict)},
      {"score", job.score ? nlohmann::ordered_json(*job.score) : nullptr},
      {"problem", TextOrNull(job.problem)}};
  const std::string self = "/api/v1/jobs/" + job.id;
  json["links"] = {{"self", self}, {"media", self + "/media"}};
  if (job.state == JobState::kDone) {
    json["links"]["result"] = self + "/result";
    json["links"]["csv"] = self + "/scores.csv";
    json["links"]["report"] = self + "/report.html";
  }
  return json;
}

}  // namespace seam::serve
