#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "retrieve/archive.h"

namespace seam {

// A file of an index beside what was asked for.
struct FileMatch {
  std::string path;
  float value = 0;        // how near: see RankFiles()
  std::size_t query = 0;  // the query's vector that is nearest to one of the file's
  Entry entry;            // which that is
};

enum class Order : std::uint8_t { kNearest, kFarthest };

// The `count` files of the index nearest to `queries` (vectors of one picture or video), the nearest first;
// or the farthest. For each query the nearest vector of a file counts (the farthest one's); a file's value is
// the mean over the queries. A file that is not among the nearest vectors of a query counts there as the
// last of these, which it cannot be nearer than. `leave_out`: a path that is passed over, or "".
std::vector<FileMatch> RankFiles(const Archive& archive, const VectorSearch& search,
                                 const std::vector<NewEntry>& queries, std::size_t count, Order order,
                                 const std::string& leave_out, VectorSearch::Method method);

}  // namespace seam
