#include "scores/score_row.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

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

const ClipScore* WorstTile(const ScoreRow& row) {
  const auto* tile = row.tiles.empty() ? nullptr : DecidingTrack(row.people);
  if (tile == nullptr) return nullptr;
  const std::vector<ClipScore>& clips = tile->second.clips;
  return &*std::max_element(clips.begin(), clips.end(),
                            [](const ClipScore& a, const ClipScore& b) { return a.score < b.score; });
}

std::string WorstTileWords(const ScoreRow& row) {
  const ClipScore* tile = WorstTile(row);
  if (tile == nullptr) return "";
  const FaceBox& box = tile->faces.front().box;
  return fmt::format("the most suspicious tile is {:g} x {:g} pixels at ({:g}, {:g}): {:.4f}", box.width,
                     box.height, box.x, box.y, tile->score);
}

}  // namespace seam
