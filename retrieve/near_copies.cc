#include "retrieve/near_copies.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"

namespace seam {
namespace {

constexpr std::int64_t kBlock = 256;  // vectors that are looked for at once

void CheckAlike(const Archive& one, const Archive& other) {
  const ArchiveRecipe &a = one.recipe(), &b = other.recipe();
  const bool alike = a.kind == b.kind && a.region == b.region && a.model_sha256 == b.model_sha256 &&
                     one.state().metric == other.state().metric;
  if (!alike) {
    throw Error("the two indexes", "were made with different features, so nothing can be compared",
                "make both with the same --model, --features, --whole and --metric");
  }
}

}  // namespace

std::vector<NearCopy> FindNearCopies(const Archive& archive, const Archive& other, float limit,
                                     int neighbours, const CancelToken& cancel) {
  CheckAlike(archive, other);
  const bool itself = &archive == &other;
  const VectorSearch queries = archive.Search(), search = other.Search();
  const std::int64_t rows = queries.state().rows;
  if (rows == 0 || search.state().rows == 0) return {};
  const Metric metric = search.state().metric;
  std::map<std::pair<std::int64_t, std::int64_t>, NearCopy> pairs;  // by their files
  Progress progress("compare", rows, "vectors");
  for (std::int64_t begin = 0; begin < rows && !cancel.Cancelled(); begin += kBlock) {
    const std::int64_t n = std::min(kBlock, rows - begin);
    const auto found = search.Nearest(queries.Row(begin), n, neighbours);
    for (std::int64_t i = 0; i < n; ++i) {
      if (queries.IsDeleted(begin + i)) continue;
      std::optional<Entry> one;
      for (const Near& near : found[static_cast<std::size_t>(i)]) {
        if (IsNearer(metric, limit, near.value)) break;
        if (!one) one = archive.FindEntry(begin + i);
        const auto two = other.FindEntry(near.row);
        if (!one || !two || (itself && one->file == two->file)) continue;
        auto key = std::pair(one->file, two->file);
        NearCopy copy{near.value, *one, *two};
        if (itself && key.first > key.second) {
          std::swap(key.first, key.second);
          std::swap(copy.one, copy.other);
        }
        const auto [place, fresh] = pairs.try_emplace(key, copy);
        if (!fresh && IsNearer(metric, near.value, place->second.value)) place->second = std::move(copy);
      }
    }
    progress.Advance(n);
  }
  std::vector<NearCopy> copies;
  for (auto& [files, copy] : pairs) copies.push_back(std::move(copy));
  std::stable_sort(copies.begin(), copies.end(),
                   [&](const NearCopy& a, const NearCopy& b) { return IsNearer(metric, a.value, b.value); });
  return copies;
}

}  // namespace seam
