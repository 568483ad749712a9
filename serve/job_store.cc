#include "serve/job_store.h"

#include <sqlite3.h>
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

// One SQL statement at work. Values are bound in order, columns read by number.
class JobStore::Statement {
 public:
  Statement(const JobStore& store, const std::string& sql) : store_(store) {
    Check(sqlite3_prepare_v2(store.db_, sql.c_str(), -1, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(const std::string& text) {
    Check(sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                            SQLITE_TRANSIENT));
    return *this;
  }
  Statement& Bind(std::int64_t number) {
    Check(sqlite3_bind_int64(statement_, ++bound_, number));
    return *this;
  }
  Statement& Bind(std::optional<double> number) {
    Check(number ? sqlite3_bind_double(statement_, ++bound_, *number)
                 : sqlite3_bind_null(statement_, ++bound_));
    return *this;
  }
  Statement& BindNull() {
    Check(sqlite3_bind_null(statement_, ++bound_));
    return *this;
  }
  // Whether there is another row.
  bool Step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) Check(code);
    return code == SQLITE_ROW;
  }
  // Runs it to its end; the number of rows that changed.
  int Run() {
    while (Step()) {
    }
    return sqlite3_changes(store_.db_);
  }
  std::int64_t Integer(int column) { return sqlite3_column_int64(statement_, column); }
  std::string Text(int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return text == nullptr
               ? std::string()
               : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }
  std::optional<double> Real(int column) {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return sqlite3_column_double(statement_, column);
  }
  // Of kColumns.
  Job ReadJob() {
    Job job;
    job.number = Integer(0);
    job.id = Text(1);
    job.name = Text(2);
    job.path = Text(3);
    job.uploaded = Integer(4) != 0;
    job.size = Integer(5);
    job.sha256 = Text(6);
    job.model = Text(7);
    job.state = static_cast<JobState>(Integer(8));
    job.created_ms = Integer(9);
    job.started_ms = Integer(10);
    job.finished_ms = Integer(11);
    job.attempts = static_cast<int>(Integer(12));
    job.problem = Text(13);
    job.verdict = Text(14);
    job.score = Real(15);
    return job;
  }

 private:
  void Check(int code) const {
    if (code != SQLITE_OK) throw Error(store_.file_.string(), sqlite3_errmsg(store_.db_));
  }
  const JobStore& store_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

JobStore::JobStore(std::filesystem::path file) : file_(std::move(file)) {
  if (sqlite3_open(file_.c_str(), &db_) != SQLITE_OK) {
    const std::string problem = db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_);
    sqlite3_close(db_);
    throw Error(file_.string(), problem, "--state names a folder that this user may write to");
  }
  sqlite3_busy_timeout(db_, 10000);
  try {
    Run("PRAGMA journal_mode = WAL");
    Run("PRAGMA synchronous = FULL");
    Migrate();
    Statement(*this,
              "UPDATE job SET state = ?, problem = ?, finished_ms = ? WHERE state = ? AND attempts >= ?")
        .Bind(static_cast<std::int64_t>(JobState::kFailed))
        .Bind("the server ended three times while it scored this file")
        .Bind(NowMs())
        .Bind(static_cast<std::int64_t>(JobState::kRunning))
        .Bind(std::int64_t{kMaxAttempts})
        .Run();
    Statement(*this, "UPDATE job SET state = ?, started_ms = 0 WHERE state = ?")
        .Bind(static_cast<std::int64_t>(JobState::kQueued))
        .Bind(static_cast<std::int64_t>(JobState::kRunning))
        .Run();
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

JobStore::~JobStore() { sqlite3_close(db_); }

void JobStore::Run(const char* sql) {
  char* problem = nullptr;
  if (sqlite3_exec(db_, sql, nullptr, nullptr, &problem) == SQLITE_OK) return;
  const std::string text = problem == nullptr ? "unknown" : problem;
  sqlite3_free(problem);
  throw Error(file_.string(), text);
}

void JobStore::Migrate() {
  std::int64_t version = 0;
  {
    Statement statement(*this, "PRAGMA user_version");
    if (statement.Step()) version = statement.Integer(0);
  }
  if (version > static_cast<std::int64_t>(kMigrations.size())) {
    throw Error(file_.string(), "was made by a newer version of Seam",
                "use that version, or another --state folder");
  }
  for (; version < static_cast<std::int64_t>(kMigrations.size()); ++version) {
    const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                        kMigrations[static_cast<std::size_t>(version)], version + 1);
    try {
      Run(sql.c_str());
    } catch (...) {
      sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }
}

Job JobStore::Add(Job job, const std::string& idempotency_key) {
  if (!idempotency_key.empty()) {
    if (std::optional<Job> earlier = FindByKey(idempotency_key)) return *earlier;
  }
  const std::lock_guard lock(mutex_);
  job.created_ms = NowMs();
  Statement insert(
      *this,
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
  job.number = sqlite3_last_insert_rowid(db_);
  return job;
}

std::optional<Job> JobStore::Find(const std::string& id, bool with_result) const {
  const std::lock_guard lock(mutex_);
  Statement find(*this,
                 fmt::format("SELECT {}, {} FROM job WHERE id = ?", kColumns, with_result ? "result" : "''"));
  find.Bind(id);
  if (!find.Step()) return std::nullopt;
  Job job = find.ReadJob();
  job.result = find.Text(16);
  return job;
}

std::optional<Job> JobStore::FindByKey(const std::string& idempotency_key) const {
  const std::lock_guard lock(mutex_);
  Statement find(*this, fmt::format("SELECT {} FROM job WHERE idempotency_key = ?", kColumns));
  find.Bind(idempotency_key);
  if (!find.Step()) return std::nullopt;
  return find.ReadJob();
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
      *this, fmt::format("SELECT {} FROM job{} ORDER BY {} LIMIT ? OFFSET ?", kColumns, condition, order));
  for (const std::string& value : values) list.Bind(value);
  list.Bind(std::int64_t{query.limit}).Bind(std::int64_t{query.offset});
  std::vector<Job> jobs;
  while (list.Step()) jobs.push_back(list.ReadJob());
  return jobs;
}

std::int64_t JobStore::Count(const JobQuery& query) const {
  std::vector<std::string> values;
  const std::string condition = Condition(query, &values);
  const std::lock_guard lock(mutex_);
  Statement count(*this, "SELECT count(*) FROM job" + condition);
  for (const std::string& value : values) count.Bind(value);
  return count.Step() ? count.Integer(0) : 0;
}

std::int64_t JobStore::PositionOf(const Job& job) const {
  if (job.state != JobState::kQueued) return 0;
  const std::lock_guard lock(mutex_);
  Statement count(*this, "SELECT count(*) FROM job WHERE state = ? AND number < ?");
  count.Bind(static_cast<std::int64_t>(JobState::kQueued)).Bind(job.number);
  return count.Step() ? count.Integer(0) : 0;
}

std::optional<Job> JobStore::TakeNext() {
  const std::lock_guard lock(mutex_);
  Statement take(
      *this, fmt::format("UPDATE job SET state = ?, started_ms = ?, attempts = attempts + 1 WHERE number = "
                         "(SELECT number FROM job WHERE state = ? ORDER BY number LIMIT 1) RETURNING {}",
                         kColumns));
  take.Bind(static_cast<std::int64_t>(JobState::kRunning))
      .Bind(NowMs())
      .Bind(static_cast<std::int64_t>(JobState::kQueued));
  if (!take.Step()) return std::nullopt;
  Job job = take.ReadJob();
  take.Run();  // to its end, which commits it
  return job;
}

bool JobStore::Finish(const std::string& id, const std::string& sha256, const std::string& verdict,
                      std::optional<double> score, const std::string& result) {
  const std::lock_guard lock(mutex_);
  Statement finish(
      *this,
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
  Statement fail(*this, "UPDATE job SET state = ?, finished_ms = ?, problem = ? WHERE id = ? AND state = ?");
  fail.Bind(static_cast<std::int64_t>(JobState::kFailed)).Bind(NowMs()).Bind(problem).Bind(id);
  return fail.Bind(static_cast<std::int64_t>(JobState::kRunning)).Run() > 0;
}

bool JobStore::Requeue(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Statement back(
      *this, "UPDATE job SET state = ?, started_ms = 0, attempts = attempts - 1 WHERE id = ? AND state = ?");
  back.Bind(static_cast<std::int64_t>(JobState::kQueued))
      .Bind(id)
      .Bind(static_cast<std::int64_t>(JobState::kRunning));
  return back.Run() > 0;
}

bool JobStore::Cancel(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Statement cancel(*this, "UPDATE job SET state = ?, finished_ms = ? WHERE id = ? AND state IN (?, ?)");
  cancel.Bind(static_cast<std::int64_t>(JobState::kCancelled)).Bind(NowMs()).Bind(id);
  cancel.Bind(static_cast<std::int64_t>(JobState::kQueued))
      .Bind(static_cast<std::int64_t>(JobState::kRunning));
  return cancel.Run() > 0;
}

bool JobStore::Delete(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return Statement(*this, "DELETE FROM job WHERE id = ?").Bind(id).Run() > 0;
}

std::vector<std::int64_t> JobStore::CountByState() const {
  std::vector<std::int64_t> counts(kStateNames.size(), 0);
  const std::lock_guard lock(mutex_);
  Statement count(*this, "SELECT state, count(*) FROM job GROUP BY state");
  while (count.Step()) counts.at(static_cast<std::size_t>(count.Integer(0))) = count.Integer(1);
  return counts;
}

std::int64_t JobStore::UploadedBytes() const {
  const std::lock_guard lock(mutex_);
  Statement sum(*this, "SELECT coalesce(sum(size), 0) FROM job WHERE uploaded");
  return sum.Step() ? sum.Integer(0) : 0;
}

std::vector<std::string> JobStore::Ids() const {
  const std::lock_guard lock(mutex_);
  Statement ids(*this, "SELECT id FROM job");
  std::vector<std::string> all;
  while (ids.Step()) all.push_back(ids.Text(0));
  return all;
}

}  // namespace seam::serve
