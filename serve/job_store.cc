#include "serve/job_store.h"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace seam::serve {
namespace {

constexpr std::array kStateNames = {"queued", "running", "done", "failed", "cancelled"};

// Version N of the schema is the first N of these. Never change one that was released: add another.
constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE job (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  id              TEXT NOT NULL UNIQUE,
  name            TEXT NOT NULL,
  path            TEXT NOT NULL,
  uploaded        INTEGER NOT NULL,
  size            INTEGER NOT NULL,
  sha256          TEXT NOT NULL DEFAULT '',
  model           TEXT NOT NULL,
  state           INTEGER NOT NULL,
  created_ms      INTEGER NOT NULL,
  started_ms      INTEGER NOT NULL DEFAULT 0,
  finished_ms     INTEGER NOT NULL DEFAULT 0,
  attempts        INTEGER NOT NULL DEFAULT 0,
  problem         TEXT NOT NULL DEFAULT '',
  verdict         TEXT NOT NULL DEFAULT '',
  score           REAL,
  result          TEXT NOT NULL DEFAULT '',
  idempotency_key TEXT UNIQUE
);
CREATE INDEX job_by_state ON job (state, number);
)sql",
};

constexpr const char* kColumns =
    "number, id, name, path, uploaded, size, sha256, model, state, created_ms, started_ms, finished_ms, "
    "attempts, "
    "problem, verdict, score";

// The condition of a query's jobs, with the values of its places in order.
std::string Condition(const JobQuery& query, std::vector<std::string>* values) {
  std::string sql = " WHERE 1";
  if (query.state) sql += fmt::format(" AND state = {}", static_cast<int>(*query.state));
  if (!query.verdict.empty()) {
    sql += " AND verdict = ?";
    values->push_back(query.verdict);
  }
  std::string word;
  for (const char c : query.search + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      // instr() and not LIKE: the user's % and _ are ordinary letters.
      sql += " AND instr(lower(name || ' ' || verdict || ' ' || sha256), lower(?)) > 0";
      values->push_back(std::exchange(word, {}));
    }
  }
  return sql;
}

// Of kColumns.
Job ReadJob(Statement* row) {
  Job job;
  job.number = row->Integer(0);
  job.id = row->Text(1);
  job.name = row->Text(2);
  job.path = row->Text(3);
  job.uploaded = row->Integer(4) != 0;
  job.size = row->Integer(5);
  job.sha256 = row->Text(6);
  job.model = row->Text(7);
  job.state = static_cast<JobState>(row->Integer(8));
  job.created_ms = row->Integer(9);
  job.started_ms = row->Integer(10);
  job.finished_ms = row->Integer(11);
  job.attempts = static_cast<int>(row->Integer(12));
  job.problem = row->Text(13);
  job.verdict = row->Text(14);
  job.score = row->Real(15);
  return job;
}

}  // namespace

const char* JobStateName(JobState state) { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<JobState> ParseJobState(const std::string& name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i) {
    if (name == kStateNames[i]) return static_cast<JobState>(i);
  }
  return std::nullopt;
}

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string NewId() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error("getrandom", std::strerror(errno));
  }
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

bool IsId(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

JobStore::JobStore(std::filesystem::path file)
    : db_(std::move(file), Database::Access::kWrite, "--state names a folder that this user may write to") {
  db_.Run("PRAGMA journal_mode = WAL");
  db_.Run("PRAGMA synchronous = FULL");
  db_.Migrate(kMigrations, "use that version, or another --state folder");
  Statement(db_, "UPDATE job SET state = ?, problem = ?, finished_ms = ? WHERE state = ? AND attempts >= ?")
      .Bind(static_cast<std::int64_t>(JobState::kFailed))
      .Bind(fmt::format("the server ended {} times while it scored this file", kMaxAttempts))
      .Bind(NowMs())
      .Bind(static_cast<std::int64_t>(JobState::kRunning))
      .Bind(std::int64_t{kMaxAttempts})
      .Run();
  Statement(db_, "UPDATE job SET state = ?, started_ms = 0 WHERE state = ?")
      .Bind(static_cast<std::int64_t>(JobState::kQueued))
      .Bind(static_cast<std::int64_t>(JobState::kRunning))
      .Run();
}

Job JobStore::Add(Job job, const std::string& idempotency_key) {
  if (!idempotency_key.empty()) {
    if (std::optional<Job> earlier = FindByKey(idempotency_key)) return *earlier;
  }
  const std::lock_guard lock(mutex_);
  job.created_ms = NowMs();
  Statement insert(
      db_,
      "INSERT INTO job (id, name, path, uploaded, size, sha256, model, state, created_ms, idempotency_key) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(job.id)
      .Bind(job.name)
      .Bind(job.path)
      .Bind(std::int64_t{job.uploaded})
      .Bind(job.size)
      .Bind(job.sha256);
  insert.Bind(job.model).Bind(static_cast<std::int64_t>(job.state)).Bind(job.created_ms);
  idempotency_key.empty() ? insert.BindNull() : insert.Bind(idempotency_key);
  insert.Run();
  job.number = db_.LastRow();
  return job;
}

std::optional<Job> JobStore::Find(const std::string& id, bool with_result) const {
  const std::lock_guard lock(mutex_);
  Statement find(db_,
                 fmt::format("SELECT {}, {} FROM job WHERE id = ?", kColumns, with_result ? "result" : "''"));
  find.Bind(id);
  if (!find.Step()) return std::nullopt;
  Job job = ReadJob(&find);
  job.result = find.Text(16);
  return job;
}

std::optional<Job> JobStore::FindByKey(const std::string& idempotency_key) const {
  const std::lock_guard lock(mutex_);
  Statement find(db_, fmt::format("SELECT {} FROM job WHERE idempotency_key = ?", kColumns));
  find.Bind(idempotency_key);
  if (!find.Step()) return std::nullopt;
  return ReadJob(&find);
}

std::vector<Job> JobStore::List(const JobQuery& query) const {
  std::vector<std::string> values;
  const std::string condition = Condition(query, &values);
  const char* direction = query.descending ? "DESC" : "ASC";
  std::string order = fmt::format("number {}", direction);
  if (query.order == JobQuery::Order::kName)
    order = fmt::format("name COLLATE NOCASE {0}, number {0}", direction);
  // Jobs without a score come last either way.
  if (query.order == JobQuery::Order::kScore)
    order = fmt::format("score IS NULL, score {0}, number {0}", direction);
  const std::lock_guard lock(mutex_);
  Statement list(
      db_, fmt::format("SELECT {} FROM job{} ORDER BY {} LIMIT ? OFFSET ?", kColumns, condition, order));
  for (const std::string& value : values) list.Bind(value);
  list.Bind(std::int64_t{query.limit}).Bind(std::int64_t{query.offset});
  std::vector<Job> jobs;
  while (list.Step()) jobs.push_back(ReadJob(&list));
  return jobs;
}

std::int64_t JobStore::Count(const JobQuery& query) const {
  std::vector<std::string> values;
  const std::string condition = Condition(query, &values);
  const std::lock_guard lock(mutex_);
  Statement count(db_, "SELECT count(*) FROM job" + condition);
  for (const std::string& value : values) count.Bind(value);
  return count.Step() ? count.Integer(0) : 0;
}

std::int64_t JobStore::FindPosition(const Job& job) const {
  if (job.state != JobState::kQueued) return 0;
  const std::lock_guard lock(mutex_);
  Statement count(db_, "SELECT count(*) FROM job WHERE state = ? AND number < ?");
  count.Bind(static_cast<std::int64_t>(JobState::kQueued)).Bind(job.number);
  return count.Step() ? count.Integer(0) : 0;
}

std::optional<Job> JobStore::TakeNext() {
  const std::lock_guard lock(mutex_);
  Statement take(
      db_, fmt::format("UPDATE job SET state = ?, started_ms = ?, attempts = attempts + 1 WHERE number = "
                       "(SELECT number FROM job WHERE state = ? ORDER BY number LIMIT 1) RETURNING {}",
                       kColumns));
  take.Bind(static_cast<std::int64_t>(JobState::kRunning))
      .Bind(NowMs())
      .Bind(static_cast<std::int64_t>(JobState::kQueued));
  if (!take.Step()) return std::nullopt;
  Job job = ReadJob(&take);
  take.Run();  // to its end, which commits it
  return job;
}

bool JobStore::Finish(const std::string& id, const std::string& sha256, const std::string& verdict,
                      std::optional<double> score, const std::string& result) {
  const std::lock_guard lock(mutex_);
  Statement finish(
      db_,
      "UPDATE job SET state = ?, finished_ms = ?, sha256 = ?, verdict = ?, score = ?, result = ? WHERE id "
      "= ? AND state = ?");
  finish.Bind(static_cast<std::int64_t>(JobState::kDone))
      .Bind(NowMs())
      .Bind(sha256)
      .Bind(verdict)
      .Bind(score);
  finish.Bind(result).Bind(id).Bind(static_cast<std::int64_t>(JobState::kRunning));
  return finish.Run() > 0;
}

bool JobStore::Fail(const std::string& id, const std::string& problem) {
  const std::lock_guard lock(mutex_);
  Statement fail(db_, "UPDATE job SET state = ?, finished_ms = ?, problem = ? WHERE id = ? AND state = ?");
  fail.Bind(static_cast<std::int64_t>(JobState::kFailed)).Bind(NowMs()).Bind(problem).Bind(id);
  return fail.Bind(static_cast<std::int64_t>(JobState::kRunning)).Run() > 0;
}

bool JobStore::Requeue(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Statement back(
      db_, "UPDATE job SET state = ?, started_ms = 0, attempts = attempts - 1 WHERE id = ? AND state = ?");
  back.Bind(static_cast<std::int64_t>(JobState::kQueued))
      .Bind(id)
      .Bind(static_cast<std::int64_t>(JobState::kRunning));
  return back.Run() > 0;
}

bool JobStore::Cancel(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Statement cancel(db_, "UPDATE job SET state = ?, finished_ms = ? WHERE id = ? AND state IN (?, ?)");
  cancel.Bind(static_cast<std::int64_t>(JobState::kCancelled)).Bind(NowMs()).Bind(id);
  cancel.Bind(static_cast<std::int64_t>(JobState::kQueued))
      .Bind(static_cast<std::int64_t>(JobState::kRunning));
  return cancel.Run() > 0;
}

bool JobStore::Delete(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return Statement(db_, "DELETE FROM job WHERE id = ?").Bind(id).Run() > 0;
}

std::vector<std::int64_t> JobStore::CountByState() const {
  std::vector<std::int64_t> counts(kStateNames.size(), 0);
  const std::lock_guard lock(mutex_);
  Statement count(db_, "SELECT state, count(*) FROM job GROUP BY state");
  while (count.Step()) counts.at(static_cast<std::size_t>(count.Integer(0))) = count.Integer(1);
  return counts;
}

std::int64_t JobStore::UploadedBytes() const {
  const std::lock_guard lock(mutex_);
  Statement sum(db_, "SELECT coalesce(sum(size), 0) FROM job WHERE uploaded");
  return sum.Step() ? sum.Integer(0) : 0;
}

std::vector<std::string> JobStore::Ids() const {
  const std::lock_guard lock(mutex_);
  Statement ids(db_, "SELECT id FROM job");
  std::vector<std::string> all;
  while (ids.Step()) all.push_back(ids.Text(0));
  return all;
}

}  // namespace seam::serve
