#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace seam {

// An SQLite file. One thread at a time. Throws Error that names the file. In a library of its own,
// seam_database, since few programs need it.
class Database {
 public:
  // kWrite makes the file where it is missing; kRead changes nothing.
  enum class Access : std::uint8_t { kRead, kWrite };
  // `hint`: what to do where it cannot be opened.
  Database(std::filesystem::path file, Access access, const std::string& hint = {});
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements without results.
  void Run(const std::string& sql);
  // Brings the schema up to date: version N is the first N of `migrations`. A released one never changes:
  // another is added. `hint`: what to do about a file by a newer version.
  void Migrate(std::span<const char* const> migrations, const std::string& hint);
  // The version that the file has.
  std::int64_t SchemaVersion() const;
  // The number of the row that was inserted last.
  std::int64_t LastRow() const;

 private:
  friend class Statement;
  std::filesystem::path file_;
  sqlite3* db_ = nullptr;
};

// One SQL statement at work. Values are bound in order, columns read by number. Errors name the file.
class Statement {
 public:
  Statement(const Database& database, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(const std::string& text);
  Statement& Bind(std::int64_t number);
  Statement& Bind(std::optional<double> number);
  Statement& BindBytes(std::string_view bytes);
  Statement& BindNull();

  // Whether there is another row.
  bool Step();
  // Runs it to its end; the number of rows that changed. It can then be bound and run again.
  int Run();

  std::int64_t Integer(int column);
  std::string Text(int column);  // or bytes
  std::optional<double> Real(int column);
  bool IsNull(int column);

 private:
  void Check(int code) const;
  const Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace seam
