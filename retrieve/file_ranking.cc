#include "retrieve/file_ranking.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace seam {
namespace {

constexpr std::int64_t kFewestNear = 512;  // vectors looked at for each query

struct Candidate {
  double sum = 0;           // over the queries that it is near to
  std::size_t queries = 0;  // how many these are
  double bounds = 0;        // the last value of each of these queries
  std::size_t query = 0;    // that its best vector is near to
  std::int64_t best_row = 0;
  float best = 0;
};

}  // namespace

std::vector<FileMatch> RankFiles(const Archive& archive, const VectorSearch& search,
                                 const std::vector<NewEntry>& queries, std::size_t count, Order order,
                                 const std::string& leave_out, VectorSearch::Method method) {
  std::vector<float> vectors;
  const Metric metric = search.state().metric;
  for (const NewEntry& query : queries) {
    std::vector<float> vector = query.vector;
    Normalise(metric, &vector);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
  }
  const auto n = static_cast<std::int64_t>(queries.size());
  const std::int64_t wanted = std::max<std::int64_t>(kFewestNear, 32 * static_cast<std::int64_t>(count));
  const auto found = order == Order::kNearest ? search.Nearest(vectors.data(), n, wanted, method)
                                              : search.Farthest(vectors.data(), n, wanted);
  const auto better = [&](double a, double b) {
    const bool nearer = IsNearer(metric, static_cast<float>(a), static_cast<float>(b));
    return order == Order::kNearest ? nearer : a != b && !nearer;
  };
  std::unordered_map<std::int64_t, Entry> entries;  // by row
  std::map<std::int64_t, Candidate> files;
  double bounds = 0;
  for (std::size_t q = 0; q < found.size(); ++q) {
    if (found[q].empty()) continue;
    bounds += found[q].back().value;
    std::map<std::int64_t, Near> best;  // of each file; the first that comes
    for (const Near& near : found[q]) {
      auto entry = entries.find(near.row);
      if (entry == entries.end()) {
        const auto told = archive.FindEntry(near.row);
        if (!told) continue;
        entry = entries.emplace(near.row, *told).first;
      }
      if (entry->second.path != leave_out) best.try_emplace(entry->second.file, near);
    }
    for (const auto& [file, near] : best) {
      Candidate& candidate = files[file];
      if (candidate.queries == 0 || better(near.value, candidate.best)) {
        candidate.best = near.value;
        candidate.best_row = near.row;
        candidate.query = q;
      }
      candidate.sum += near.value;
      candidate.bounds += found[q].back().value;
      ++candidate.queries;
    }
  }
  std::vector<FileMatch> matches;
  for (const auto& [file, candidate] : files) {
    const double value = (candidate.sum + bounds - candidate.bounds) /
                         static_cast<double>(std::max<std::size_t>(1, found.size()));
    const Entry& entry = entries.at(candidate.best_row);
    matches.push_back({entry.path, static_cast<float>(value), candidate.query, entry});
  }
  std::stable_sort(matches.begin(), matches.end(), [&](const FileMatch& a, const FileMatch& b) {
    if (a.value != b.value) return better(a.value, b.value);
    return a.path < b.path;
  });
  if (matches.size() > count) matches.resize(count);
  return matches;
}

}  // namespace seam
