#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/database.h"
#include "serve/job.h"

namespace seam::serve {

// What a list of jobs shows. Words of `search` must all occur in the name, the verdict or the hash.
struct JobQuery {
  std::optional<JobState> state = std::nullopt;
  std::string search = {};
  std::string verdict = {};
  enum class Order { kCreated, kName, kScore } order = Order::kCreated;
  bool descending = true;
  int limit = 100, offset = 0;
};

// The jobs of a server, in one SQLite file (schema: docs/server.md). Every change is one transaction in WAL
// mode with full syncs: after kill -9 at any moment a finished result is there or the job is queued again.
// Any thread may call it. Throws Error that names the file.
class JobStore {
 public:
  // Opens or makes the file, brings its schema up to date, and puts jobs that ran when the last process ended
  // back into the queue. A job that has begun kMaxAttempts times without an end fails instead: it would stop
  // the queue for ever. The number is great since files are scored in processes of their own. It is seldom
  // the file that ends the server.
  explicit JobStore(std::filesystem::path file);
  JobStore(const JobStore&) = delete;
  JobStore& operator=(const JobStore&) = delete;

  static constexpr int kMaxAttempts = 100;

  // Fills in `number` and `created_ms`. With an idempotency key that was used before nothing is added, and
  // the earlier job is returned.
  Job Add(Job job, const std::string& idempotency_key);
  std::optional<Job> Find(const std::string& id, bool with_result = false) const;
  std::optional<Job> FindByKey(const std::string& idempotency_key) const;
  std::vector<Job> List(const JobQuery& query) const;
  std::int64_t Count(const JobQuery& query) const;
  // Jobs in the queue before this one; 0 for the next and for those that are not queued.
  std::int64_t FindPosition(const Job& job) const;

  // Takes the oldest queued job and marks it running.
  std::optional<Job> TakeNext();
  // Each ends a running job; false where it is not running any more (it was cancelled or deleted).
  bool Finish(const std::string& id, const std::string& sha256, const std::string& verdict,
              std::optional<double> score, const std::string& result);
  bool Fail(const std::string& id, const std::string& problem);
  // Back into the queue: the server stops before the job's end. The attempt does not count.
  bool Requeue(const std::string& id);
  // Of a queued or running job; false for others.
  bool Cancel(const std::string& id);
  bool Delete(const std::string& id);

  // Jobs by state, in the order of JobState.
  std::vector<std::int64_t> CountByState() const;
  // Bytes of the uploads that the server holds.
  std::int64_t UploadedBytes() const;
  std::vector<std::string> Ids() const;

 private:
  mutable std::mutex mutex_;
  Database db_;
};

std::int64_t NowMs();
// 32 hexadecimal digits from the system's source of randomness.
std::string NewId();
bool IsId(const std::string& text);

}  // namespace seam::serve
