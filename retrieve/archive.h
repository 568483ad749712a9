#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/database.h"
#include "proto/clip.pb.h"
#include "retrieve/vector_search.h"

namespace seam {

enum class FeatureKind : std::uint8_t { kNetwork, kCorners };
// What of a frame the features are of.
enum class Region : std::uint8_t { kFaces, kWhole };

// How the vectors of an index were made. Queries are made in the same way.
struct ArchiveRecipe {
  FeatureKind kind = FeatureKind::kNetwork;
  Region region = Region::kFaces;
  std::string model;         // the network's name
  std::string model_file;    // where its checkpoint was; empty: Seam's own
  std::string model_sha256;  // of the checkpoint, which says how faces are cut out; empty for corners
};

// Where in a file a vector was taken.
struct Place {
  int track = 0;           // of the face's person in the video
  std::int64_t frame = 0;  // in order of presentation, from 0
  double seconds = 0;      // the stream's own time
  Box box;                 // of the face; empty for whole frames
};

struct NewEntry {
  Place place;
  std::vector<float> vector;
  std::string thumbnail;  // JPEG
};

struct Entry {
  std::int64_t row = 0;
  std::int64_t file = 0;
  std::string path;
  Place place;
};

// A file as it was when it was looked at: another size or time means that it has changed.
struct FileMark {
  std::filesystem::path path;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
};
// Of the file as it is; its absolute path. An Error where it is missing.
FileMark ReadMark(const std::filesystem::path& path);

// An index: a folder of an SQLite file with what was looked at, a file of vectors, and one of their lists.
// The SQLite file alone says what counts: vectors are on disk before it does, and a killed run leaves what
// was committed. One thread, and one program that writes. Errors name the file.
class Archive {
 public:
  // Makes an empty index in a folder that holds none.
  static void Make(const std::filesystem::path& folder, const ArchiveRecipe& recipe, Metric metric);
  static bool IsOne(const std::filesystem::path& folder);

  Archive(const std::filesystem::path& folder, Database::Access access);

  const ArchiveRecipe& recipe() const { return recipe_; }
  const VectorState& state() const { return state_; }
  std::int64_t files() const;
  std::int64_t entries() const;

  // Whether it holds this file as it is now, with or without entries.
  bool Holds(const FileMark& mark) const;

  // Adds a file instead of what there was of its path. `problem`: why it gave nothing, or "". Counts from
  // Commit() on. An Error when vectors are of another length than those here.
  void Add(const FileMark& mark, std::vector<NewEntry> entries, const std::string& problem);
  // Makes what was added and removed permanent.
  void Commit();

  // Takes away the files at or below `path`; -> how many. Counts from Commit() on.
  std::int64_t Remove(const std::filesystem::path& path);
  // Takes away the files that are no longer there.
  std::int64_t RemoveMissing();

  // Writes vectors anew without those removed where these are more than the others, and puts those that are
  // many into lists. After Commit(). Returns whether it did anything.
  bool Tidy();

  // As committed now.
  VectorSearch Search() const;
  // None for a row that was removed.
  std::optional<Entry> FindEntry(std::int64_t row) const;
  std::string FindThumbnail(std::int64_t row) const;

 private:
  void ReadState();
  void SaveState();
  void RemoveFile(std::int64_t file);
  std::vector<std::int64_t> Deleted() const;
  void Compact();

  std::filesystem::path folder_;
  Database database_;
  ArchiveRecipe recipe_;
  VectorState state_;
  std::vector<float> pending_;  // vectors that are not on disk yet
  bool writing_ = false;        // a transaction is open
};

}  // namespace seam
