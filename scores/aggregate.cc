#include "scores/aggregate.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

struct AggregateEntry {
  const char* name;
  double (*of)(std::vector<double>* scores, const AggregateOptions& options);
};

double MeanOf(const std::vector<double>& scores) {
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

double MedianOf(std::vector<double>* scores, const AggregateOptions&) {
  std::sort(scores->begin(), scores->end());
  const std::size_t half = scores->size() / 2;
  return scores->size() % 2 == 1 ? (*scores)[half] : ((*scores)[half - 1] + (*scores)[half]) / 2;
}

double MeanOfGreatest(std::vector<double>* scores, const AggregateOptions& options) {
  const auto count = std::min(scores->size(), static_cast<std::size_t>(options.top_k));
  std::partial_sort(scores->begin(), scores->begin() + static_cast<std::ptrdiff_t>(count), scores->end(),
                    std::greater<>());
  scores->resize(count);
  return MeanOf(*scores);
}

constexpr AggregateEntry kAggregates[] = {
    {"mean", [](std::vector<double>* scores, const AggregateOptions&) { return MeanOf(*scores); }},
    {"median", MedianOf},
    {"top-k", MeanOfGreatest},
    {"max", [](std::vector<double>* scores,
               const AggregateOptions&) { return *std::max_element(scores->begin(), scores->end()); }},
};

}  // namespace

void AggregateOptions::Register(Options* options) {
  std::vector<std::string> names;
  for (const AggregateEntry& entry : kAggregates) names.emplace_back(entry.name);
  options->Add("aggregate", &aggregate, "how the scores of a person's frames (or windows) become one", names);
  options->Add("top-k", &top_k, "--aggregate top-k: the mean of so many of the greatest scores", AtLeast(1));
  options->Add("min-track", &min_track, "frames a person must be seen in to count, unless nobody is",
               AtLeast(1));
}

void AggregateOptions::Check() const { CheckDeclared(*this); }

std::string AggregateOptions::Name() const {
  return aggregate == "top-k" ? fmt::format("top-{}", top_k) : aggregate;
}

double Aggregate(std::vector<double> scores, const AggregateOptions& options) {
  for (const AggregateEntry& entry : kAggregates) {
    if (options.aggregate == entry.name) return entry.of(&scores, options);
  }
  throw UsageError("--aggregate", fmt::format("'{}' is unknown", options.aggregate));
}

std::optional<double> ScoreTracks(const AggregateOptions& options, TrackScores* people) {
  int longest = 0;
  for (const auto& [number, track] : *people) longest = std::max(longest, track.frames());
  const int least = std::min(longest, options.min_track);
  for (auto& [number, track] : *people) {
    std::vector<double> scores;
    for (const ClipScore& clip : track.clips) scores.push_back(clip.score);
    track.score = Aggregate(std::move(scores), options);
    track.counts = track.frames() >= least;
  }
  const auto* deciding = DecidingTrack(*people);
  if (deciding == nullptr) return std::nullopt;
  return deciding->second.score;
}

}  // namespace seam
