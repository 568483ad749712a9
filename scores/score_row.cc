#include "scores/score_row.h"

#include <set>

namespace seam {
namespace {

constexpr struct {
  Verdict verdict;
  const char* name;
} kNames[] = {{Verdict::kFake, "fake"},
              {Verdict::kUncertain, "uncertain"},
              {Verdict::kReal, "real"},
              {Verdict::kNoFace, "no_face"},
              {Verdict::kError, "error"}};

}  // namespace

std::string_view GetName(Verdict verdict) {
  for (const auto& entry : kNames) {
    if (entry.verdict == verdict) return entry.name;
  }
  return "";
}

std::optional<Verdict> ParseVerdict(std::string_view name) {
  for (const auto& entry : kNames) {
    if (entry.name == name) return entry.verdict;
  }
  return std::nullopt;
}

int TrackScore::frames() const {
  std::set<std::int64_t> seen;
  for (const ClipScore& clip : clips) {
    for (const SeenFace& face : clip.faces) seen.insert(face.index);
  }
  return static_cast<int>(seen.size());
}

const TrackScores::value_type* DecidingTrack(const TrackScores& people) {
  const TrackScores::value_type* best = nullptr;
  for (const auto& entry : people) {
    if (entry.second.counts && (best == nullptr || entry.second.score > best->second.score)) best = &entry;
  }
  return best;
}

}  // namespace seam
