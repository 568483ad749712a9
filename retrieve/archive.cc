#include "retrieve/archive.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFileName = "index.db";
constexpr const char* kNewerHint = "use that version, or make the index anew";

// Version N of the schema is the first N of these. Never change one that was released: add another.
constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
  number      INTEGER PRIMARY KEY,
  path        TEXT NOT NULL UNIQUE,
  bytes       INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  problem     TEXT NOT NULL
);
CREATE TABLE entry (
  row       INTEGER PRIMARY KEY,
  file      INTEGER NOT NULL,
  track     INTEGER NOT NULL,
  frame     INTEGER NOT NULL,
  seconds   REAL NOT NULL,
  box_x     REAL NOT NULL,
  box_y     REAL NOT NULL,
  box_width REAL NOT NULL,
  box_height REAL NOT NULL,
  thumbnail BLOB NOT NULL
);
CREATE INDEX entry_by_file ON entry (file);
CREATE TABLE deleted (row INTEGER PRIMARY KEY);
)sql",
};

std::string RecipeJson(const ArchiveRecipe& recipe) {
  nlohmann::ordered_json json = {{"features", recipe.kind == FeatureKind::kNetwork ? "network" : "corners"},
                                 {"region", recipe.region == Region::kFaces ? "faces" : "whole"},
                                 {"model", recipe.model},
                                 {"model_file", recipe.model_file},
                                 {"model_sha256", recipe.model_sha256}};
  return json.dump();
}

ArchiveRecipe ReadRecipe(const std::string& text, const fs::path& file) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  ArchiveRecipe recipe;
  try {
    recipe.kind = json.at("features") == "network" ? FeatureKind::kNetwork : FeatureKind::kCorners;
    recipe.region = json.at("region") == "faces" ? Region::kFaces : Region::kWhole;
    recipe.model = json.at("model");
    recipe.model_file = json.at("model_file");
    recipe.model_sha256 = json.at("model_sha256");
  } catch (const nlohmann::json::exception&) {
    throw Error(file.string(), "does not say how its vectors were made", "make the index anew");
  }
  return recipe;
}

double Real(Statement* statement, int column) { return statement->Real(column).value_or(0); }

}  // namespace

FileMark ReadMark(const fs::path& path) {
  FileMark mark;
  std::error_code failure;
  mark.path = fs::absolute(path).lexically_normal();
  mark.bytes = static_cast<std::int64_t>(fs::file_size(mark.path, failure));
  if (!failure) {
    const auto time = fs::last_write_time(mark.path, failure).time_since_epoch();
    mark.modified_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  }
  if (failure) throw Error(path.string(), "cannot be read: " + failure.message());
  return mark;
}

bool Archive::IsOne(const fs::path& folder) { return fs::exists(folder / kFileName); }

void Archive::Make(const fs::path& folder, const ArchiveRecipe& recipe, Metric metric) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) throw Error(folder.string(), "cannot be made: " + failure.message());
  Database database(folder / kFileName, Database::Access::kWrite);
  database.Migrate(kMigrations, kNewerHint);
  database.Run("BEGIN IMMEDIATE");
  const auto add = [&](const std::string& name, const std::string& value) {
    Statement(database, "INSERT INTO fact VALUES (?, ?)").Bind(name).Bind(value).Run();
  };
  add("recipe", RecipeJson(recipe));
  add("metric", std::string(GetName(metric)));
  for (const char* name : {"dimension", "rows", "listed", "generation"}) add(name, "0");
  database.Run("COMMIT");
}

Archive::Archive(const fs::path& folder, Database::Access access)
    : folder_(folder),
      database_(IsOne(folder) ? folder / kFileName
                              : throw Error(folder.string(), "holds no index",
                                            "seam retrieve index DIR --output INDEX makes one"),
                access) {
  if (access == Database::Access::kWrite) {
    database_.Migrate(kMigrations, kNewerHint);
  } else if (database_.SchemaVersion() != static_cast<std::int64_t>(kMigrations.size())) {
    throw Error((folder / kFileName).string(), "was made by another version of Seam", kNewerHint);
  }
  ReadState();
}

void Archive::ReadState() {
  const auto fact = [&](const std::string& name) {
    Statement find(database_, "SELECT value FROM fact WHERE name = ?");
    find.Bind(name);
    return find.Step() ? find.Text(0) : std::string();
  };
  const auto number = [&](const std::string& name) { return std::strtoll(fact(name).c_str(), nullptr, 10); };
  recipe_ = ReadRecipe(fact("recipe"), folder_ / kFileName);
  state_.metric = ReadMetric(fact("metric")).value_or(Metric::kCosine);
  state_.dimension = number("dimension");
  state_.rows = number("rows");
  state_.listed = number("listed");
  state_.generation = number("generation");
}

void Archive::SaveState() {
  const auto save = [&](const std::string& name, std::int64_t value) {
    Statement(database_, "UPDATE fact SET value = ? WHERE name = ?")
        .Bind(std::to_string(value))
        .Bind(name)
        .Run();
  };
  save("dimension", state_.dimension);
  save("rows", state_.rows);
  save("listed", state_.listed);
  save("generation", state_.generation);
}

std::int64_t Archive::files() const {
  Statement count(database_, "SELECT count(*) FROM file");
  return count.Step() ? count.Integer(0) : 0;
}

std::int64_t Archive::entries() const {
  Statement count(database_, "SELECT count(*) FROM deleted");
  return state_.rows - (count.Step() ? count.Integer(0) : 0);
}

bool Archive::Holds(const FileMark& mark) const {
  Statement find(database_, "SELECT 1 FROM file WHERE path = ? AND bytes = ? AND modified_ns = ?");
  find.Bind(mark.path.string()).Bind(mark.bytes).Bind(mark.modified_ns);
  return find.Step();
}

void Archive::RemoveFile(std::int64_t file) {
  Statement(database_, "INSERT INTO deleted SELECT row FROM entry WHERE file = ?").Bind(file).Run();
  Statement(database_, "DELETE FROM entry WHERE file = ?").Bind(file).Run();
  Statement(database_, "DELETE FROM file WHERE number = ?").Bind(file).Run();
}

void Archive::Add(const FileMark& mark, std::vector<NewEntry> entries, const std::string& problem) {
  if (!std::exchange(writing_, true)) database_.Run("BEGIN IMMEDIATE");
  const std::string path = mark.path.string();
  std::optional<std::int64_t> earlier;
  {
    Statement find(database_, "SELECT number FROM file WHERE path = ?");
    find.Bind(path);
    if (find.Step()) earlier = find.Integer(0);
  }
  if (earlier) RemoveFile(*earlier);
  Statement(database_, "INSERT INTO file (path, bytes, modified_ns, problem) VALUES (?, ?, ?, ?)")
      .Bind(path)
      .Bind(mark.bytes)
      .Bind(mark.modified_ns)
      .Bind(problem)
      .Run();
  const std::int64_t file = database_.LastRow();
  Statement insert(database_, "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (NewEntry& entry : entries) {
    const auto length = static_cast<std::int64_t>(entry.vector.size());
    if (state_.dimension == 0) state_.dimension = length;
    if (length != state_.dimension)
      throw Error(path,
                  fmt::format("gave a vector of {} numbers in an index of {}", length, state_.dimension));
    const std::int64_t row =
        state_.rows + static_cast<std::int64_t>(pending_.size()) / std::max<std::int64_t>(1, length);
    const Place& place = entry.place;
    insert.Bind(row).Bind(file).Bind(std::int64_t{place.track}).Bind(place.frame);
    for (const double number : {place.seconds, double{place.box.x()}, double{place.box.y()},
                                double{place.box.width()}, double{place.box.height()}}) {
      insert.Bind(std::optional<double>(number));
    }
    insert.BindBytes(entry.thumbnail).Run();
    Normalise(state_.metric, &entry.vector);
    pending_.insert(pending_.end(), entry.vector.begin(), entry.vector.end());
  }
}

void Archive::Commit() {
  if (!writing_) return;
  if (!pending_.empty()) AppendVectors(folder_, pending_, &state_);
  pending_.clear();
  SaveState();
  database_.Run("COMMIT");
  writing_ = false;
}

std::int64_t Archive::Remove(const fs::path& path) {
  if (!std::exchange(writing_, true)) database_.Run("BEGIN IMMEDIATE");
  std::string whole = fs::absolute(path).lexically_normal().string();
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  std::vector<std::int64_t> numbers;
  {
    // instr() and not LIKE: the user's % and _ are ordinary letters.
    Statement find(database_, "SELECT number FROM file WHERE path = ? OR instr(path, ?) = 1");
    find.Bind(whole).Bind(whole == "/" ? whole : whole + "/");
    while (find.Step()) numbers.push_back(find.Integer(0));
  }
  for (const std::int64_t number : numbers) RemoveFile(number);
  return static_cast<std::int64_t>(numbers.size());
}

std::int64_t Archive::RemoveMissing() {
  if (!std::exchange(writing_, true)) database_.Run("BEGIN IMMEDIATE");
  std::vector<std::int64_t> numbers;
  {
    Statement all(database_, "SELECT number, path FROM file");
    while (all.Step()) {
      std::error_code ignored;
      if (!fs::exists(all.Text(1), ignored)) numbers.push_back(all.Integer(0));
    }
  }
  for (const std::int64_t number : numbers) RemoveFile(number);
  return static_cast<std::int64_t>(numbers.size());
}

std::vector<std::int64_t> Archive::Deleted() const {
  std::vector<std::int64_t> rows;
  Statement all(database_, "SELECT row FROM deleted ORDER BY row");
  while (all.Step()) rows.push_back(all.Integer(0));
  return rows;
}

void Archive::Compact() {
  constexpr std::size_t kBlockFloats = std::size_t{1} << 24;
  const VectorState before = state_;
  VectorState after = before;
  after.rows = after.listed = 0;
  ++after.generation;
  std::error_code ignored;
  fs::remove(VectorFile(folder_, after), ignored);  // of a run that was killed in the middle of this
  const VectorSearch old = Search();
  database_.Run("BEGIN IMMEDIATE");
  try {
    Statement move(database_, "UPDATE entry SET row = ? WHERE row = ?");
    std::vector<float> block;
    std::int64_t next = 0;
    for (std::int64_t row = 0; row < before.rows; ++row) {
      if (old.IsDeleted(row)) continue;
      if (row != next) move.Bind(next).Bind(row).Run();
      ++next;
      block.insert(block.end(), old.Row(row), old.Row(row) + before.dimension);
      if (block.size() < kBlockFloats) continue;
      AppendVectors(folder_, block, &after);
      block.clear();
    }
    AppendVectors(folder_, block, &after);
    database_.Run("DELETE FROM deleted");
    state_ = after;
    SaveState();
    database_.Run("COMMIT");
  } catch (...) {
    state_ = before;
    database_.Run("ROLLBACK");
    throw;
  }
  fs::remove(VectorFile(folder_, before), ignored);
  fs::remove(ListFile(folder_, before), ignored);
}

bool Archive::Tidy() {
  const std::int64_t left = entries();
  const bool compact = state_.rows > 0 && state_.rows - left > left;
  if (compact) Compact();
  VectorState extended = state_;
  const bool extend = ExtendLists(folder_, &extended);
  if (extend) {
    state_ = extended;
    database_.Run("BEGIN IMMEDIATE");
    SaveState();
    database_.Run("COMMIT");
  }
  return compact || extend;
}

VectorSearch Archive::Search() const { return VectorSearch(folder_, state_, Deleted()); }

std::optional<Entry> Archive::FindEntry(std::int64_t row) const {
  Statement find(database_,
                 "SELECT entry.file, path, track, frame, seconds, box_x, box_y, box_width, box_height FROM "
                 "entry JOIN file ON entry.file = file.number WHERE row = ?");
  find.Bind(row);
  if (!find.Step()) return std::nullopt;
  Entry entry;
  entry.row = row;
  entry.file = find.Integer(0);
  entry.path = find.Text(1);
  entry.place.track = static_cast<int>(find.Integer(2));
  entry.place.frame = find.Integer(3);
  entry.place.seconds = Real(&find, 4);
  entry.place.box.set_x(static_cast<float>(Real(&find, 5)));
  entry.place.box.set_y(static_cast<float>(Real(&find, 6)));
  entry.place.box.set_width(static_cast<float>(Real(&find, 7)));
  entry.place.box.set_height(static_cast<float>(Real(&find, 8)));
  return entry;
}

std::string Archive::FindThumbnail(std::int64_t row) const {
  Statement find(database_, "SELECT thumbnail FROM entry WHERE row = ?");
  find.Bind(row);
  return find.Step() ? find.Text(0) : std::string();
}

}  // namespace seam
