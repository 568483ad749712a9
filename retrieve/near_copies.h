#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "retrieve/archive.h"

namespace seam {

// Two files that show nearly the same, by their two nearest vectors.
struct NearCopy {
  float value = 0;  // a cosine or a distance
  Entry one, other;
};

// Pairs of a file of `archive` and one of `other` with vectors at least as near as `limit`, the nearest
// first. Both may be the same index: then each pair stands once, and no file beside itself. Of each vector
// the `neighbours` nearest are looked at. An Error where the two were made in different ways. What is there
// is returned when `cancel` ends it.
std::vector<NearCopy> FindNearCopies(const Archive& archive, const Archive& other, float limit,
                                     int neighbours, const CancelToken& cancel);

}  // namespace seam
