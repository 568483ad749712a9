#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace seam {

// How near two vectors are: by the cosine of their angle (1: the same
// direction), or by the length of their difference (0: the same).
enum class Metric : std::uint8_t { kCosine, kEuclidean };
std::string_view GetName(Metric metric);
// None for another name.
std::optional<Metric> ReadMetric(std::string_view name);
// Whether `a` is nearer than `b`.
bool IsNearer(Metric metric, float a, float b);

// The vectors of a folder, as its database records them. The file of vectors
// holds rows [rows, dimension] of float32, of length 1 for kCosine; what it
// holds beyond `rows` was never committed. The file of lists (FAISS's inverted
// lists) holds the first `listed` of them.
struct VectorState {
  Metric metric = Metric::kCosine;
  std::int64_t dimension = 0;
  std::int64_t rows = 0;
  std::int64_t listed = 0;
  std::int64_t generation = 0;  // of both files' names; a new one each time they are written anew
};

std::filesystem::path VectorFile(const std::filesystem::path& folder, const VectorState& state);
std::filesystem::path ListFile(const std::filesystem::path& folder, const VectorState& state);

// From so many numbers (rows x dimension) on vectors are put into lists:
// looking at every one then takes tens of milliseconds.
constexpr std::int64_t kExactNumbers = std::int64_t{1} << 25;

// Appends vectors [n, dimension] behind state->rows, which it moves; they are
// on disk when it returns. An Error when the disk is full.
void AppendVectors(const std::filesystem::path& folder, const std::vector<float>& vectors,
                   VectorState* state);

// Puts the rows that have no list yet into lists, where they are more than
// kExactNumbers; lists are made anew when the rows are four times as many as
// those they were made for. The caller records *state. Returns whether it did
// anything.
bool ExtendLists(const std::filesystem::path& folder, VectorState* state);

// A row and how near it is: a cosine or a distance.
struct Near {
  std::int64_t row = 0;
  float value = 0;
};

// Search among the vectors of a folder. Both files are mapped, not read: memory
// holds what is looked at. Rows with lists are searched by them, which misses a
// few; all others are looked at. Any thread.
class VectorSearch {
 public:
  enum class Method : std::uint8_t {
    kLists,  // where there are lists
    kExact   // look at every vector
  };
  // `deleted`: rows that are passed over. An Error where a file is shorter than
  // `state` says.
  VectorSearch(const std::filesystem::path& folder, const VectorState& state,
               std::vector<std::int64_t> deleted = {});
  ~VectorSearch();

  // For each query of `queries` [n, dimension] the `count` nearest rows, the
  // nearest first.
  std::vector<std::vector<Near>> Nearest(const float* queries, std::int64_t n, std::int64_t count,
                                         Method method = Method::kLists) const;
  // The same of the farthest, the farthest first; always exact.
  std::vector<std::vector<Near>> Farthest(const float* queries, std::int64_t n, std::int64_t count) const;

  const VectorState& state() const { return state_; }
  // [dimension]
  const float* Row(std::int64_t row) const;
  bool IsDeleted(std::int64_t row) const;

 private:
  enum class Order : std::uint8_t { kNearest, kFarthest };
  struct Lists;
  class Scan;
  // All rows from `first` on.
  void ShowRows(std::int64_t first, Scan* scan) const;
  // The rows in the lists near to one query.
  void ShowLists(const float* query, Scan* scan) const;
  std::vector<std::int64_t> ListsNear(const float* query) const;

  VectorState state_;
  std::vector<std::int64_t> deleted_;  // ascending
  std::optional<MappedFile> file_;
  std::unique_ptr<Lists> lists_;
};

// Brings a vector to length 1 for kCosine, where it has any length.
void Normalise(Metric metric, std::vector<float>* vector);

}  // namespace seam
