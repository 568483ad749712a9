#include "base/database.h"

#include <sqlite3.h>

#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

Database::Database(std::filesystem::path file, Access access, const std::string& hint)
    : file_(std::move(file)) {
  const int flags =
      access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(file_.c_str(), &db_, flags, nullptr) != SQLITE_OK) {
    const std::string problem = db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_);
    sqlite3_close(db_);
    throw Error(file_.string(), problem, hint);
  }
  sqlite3_busy_timeout(db_, 10000);
}

Database::~Database() { sqlite3_close(db_); }

void Database::Run(const std::string& sql) {
  char* problem = nullptr;
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &problem) == SQLITE_OK) return;
  const std::string text = problem == nullptr ? "unknown" : problem;
  sqlite3_free(problem);
  throw Error(file_.string(), text);
}

std::int64_t Database::SchemaVersion() const {
  Statement statement(*this, "PRAGMA user_version");
  return statement.Step() ? statement.Integer(0) : 0;
}

void Database::Migrate(std::span<const char* const> migrations, const std::string& hint) {
  const auto newest = static_cast<std::int64_t>(migrations.size());
  std::int64_t version = SchemaVersion();
  if (version > newest) throw Error(file_.string(), "was made by a newer version of Seam", hint);
  for (; version < newest; ++version) {
    try {
      Run(fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                      migrations[static_cast<std::size_t>(version)], version + 1));
    } catch (...) {
      sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }
}

std::int64_t Database::LastRow() const { return sqlite3_last_insert_rowid(db_); }

Statement::Statement(const Database& database, const std::string& sql) : database_(database) {
  Check(sqlite3_prepare_v2(database_.db_, sql.c_str(), -1, &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(const std::string& text) {
  Check(
      sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::Bind(std::int64_t number) {
  Check(sqlite3_bind_int64(statement_, ++bound_, number));
  return *this;
}

Statement& Statement::Bind(std::optional<double> number) {
  if (!number) return BindNull();
  Check(sqlite3_bind_double(statement_, ++bound_, *number));
  return *this;
}

Statement& Statement::BindBytes(std::string_view bytes) {
  Check(sqlite3_bind_blob(statement_, ++bound_, bytes.data(), static_cast<int>(bytes.size()),
                          SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::BindNull() {
  Check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) Check(code);
  return code == SQLITE_ROW;
}

int Statement::Run() {
  while (Step()) {
  }
  const int changed = sqlite3_changes(database_.db_);
  Check(sqlite3_reset(statement_));
  bound_ = 0;
  return changed;
}

std::int64_t Statement::Integer(int column) { return sqlite3_column_int64(statement_, column); }

std::string Statement::Text(int column) {
  const void* bytes = sqlite3_column_blob(statement_, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes),
                                        static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<double> Statement::Real(int column) {
  if (IsNull(column)) return std::nullopt;
  return sqlite3_column_double(statement_, column);
}

bool Statement::IsNull(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void Statement::Check(int code) const {
  if (code != SQLITE_OK) throw Error(database_.file_.string(), sqlite3_errmsg(database_.db_));
}

}  // namespace seam
