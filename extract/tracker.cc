#include "extract/tracker.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace seam {
namespace {

constexpr float kMinOverlap = 0.2F;
// A face that moved: the distance of the centres in sides of the box, and the ratio of the sides.
constexpr float kMaxMove = 1.0F, kMaxGrowth = 1.6F;
// How long a person may be missing and still be the same track.
constexpr double kMaxGapSeconds = 2.0;
constexpr double kMaxGapSteps = 3.0;  // in sampled frames, when these are further apart

// How well a box continues another: IoU, or less than the least IoU for one that moved; 0 for strangers.
float Affinity(const cv::Rect2f& last, const cv::Rect2f& now) {
  const float overlap = IntersectionOverUnion(last, now);
  if (overlap >= kMinOverlap) return overlap;
  const float side = std::max(last.width, last.height), side_now = std::max(now.width, now.height);
  const float growth = std::max(side, side_now) / std::max(1.0F, std::min(side, side_now));
  const cv::Point2f move = (now.tl() + now.br() - last.tl() - last.br()) * 0.5F;
  const float distance = std::hypot(move.x, move.y) / std::max(1.0F, std::max(side, side_now));
  if (distance > kMaxMove || growth > kMaxGrowth) return 0;
  return kMinOverlap * (1 - 0.9F * distance / kMaxMove);
}

}  // namespace

float IntersectionOverUnion(const cv::Rect2f& a, const cv::Rect2f& b) {
  const float intersection = (a & b).area();
  const float all = a.area() + b.area() - intersection;
  return all > 0 ? intersection / all : 0;
}

std::vector<int> Tracker::Assign(const std::vector<Face>& faces, double pts_seconds) {
  if (!tracks_.empty()) longest_step_ = std::max(longest_step_, pts_seconds - last_seconds_);
  last_seconds_ = pts_seconds;
  const double max_gap = std::max(kMaxGapSeconds, kMaxGapSteps * longest_step_);

  // Affinity, track, face: the best pair first, the older track and the better face among equals.
  std::vector<std::tuple<float, int, int>> pairs;
  for (std::size_t t = 0; t < tracks_.size(); ++t) {
    if (pts_seconds - tracks_[t].seen_seconds > max_gap) continue;
    for (std::size_t f = 0; f < faces.size(); ++f) {
      const float affinity = Affinity(tracks_[t].box, faces[f].box);
      if (affinity > 0) pairs.emplace_back(-affinity, static_cast<int>(t), static_cast<int>(f));
    }
  }
  std::sort(pairs.begin(), pairs.end());

  constexpr int kNone = -1;
  std::vector<int> track_of(faces.size(), kNone);
  std::vector<bool> taken(tracks_.size(), false);
  for (const auto& [affinity, t, f] : pairs) {
    const auto track = static_cast<std::size_t>(t), face = static_cast<std::size_t>(f);
    if (taken[track] || track_of[face] != kNone) continue;
    taken[track] = true;
    track_of[face] = t;
  }
  for (std::size_t f = 0; f < faces.size(); ++f) {
    if (track_of[f] == kNone) {
      track_of[f] = static_cast<int>(tracks_.size());
      tracks_.push_back({});
    }
    tracks_[static_cast<std::size_t>(track_of[f])] = {faces[f].box, pts_seconds};
  }
  return track_of;
}

}  // namespace seam
