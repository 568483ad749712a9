#include "scores/aggregate.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "base/numbers.h"
#include "scores/calibration.h"

namespace seam {
namespace {

constexpr std::string_view kTop = "top-";
constexpr const char* kTileRules[] = {"mean", "median", "max", "logit-mean"};

struct AggregateEntry {
  const char* name;
  double (*of)(std::vector<double>* scores, const AggregateOptions& options);
  // Of a video with people; nullptr: that of the most suspicious person.
  double (*of_video)(const TrackScores& people) = nullptr;
};

double ComputeMean(const std::vector<double>& scores) {
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

double ComputeMedian(std::vector<double>* scores, const AggregateOptions&) {
  std::sort(scores->begin(), scores->end());
  const std::size_t half = scores->size() / 2;
  return scores->size() % 2 == 1 ? (*scores)[half] : ((*scores)[half - 1] + (*scores)[half]) / 2;
}

double MeanOfGreatest(std::vector<double>* scores, const AggregateOptions& options) {
  const auto count = std::min(scores->size(), static_cast<std::size_t>(options.top_k));
  std::partial_sort(scores->begin(), scores->begin() + static_cast<std::ptrdiff_t>(count), scores->end(),
                    std::greater<>());
  scores->resize(count);
  return ComputeMean(*scores);
}

double MeanOfLogits(std::vector<double>* scores, const AggregateOptions&) {
  for (double& score : *scores) score = Logit(score);
  return Sigmoid(ComputeMean(*scores));
}

double MeanOfConfident(std::vector<double>* scores, const AggregateOptions&) {
  constexpr double kFake = 0.8, kReal = 0.2, kMostAreReal = 0.9;
  constexpr std::size_t kFewestFakes = 11;
  std::vector<double> fakes, reals;
  for (const double score : *scores) {
    if (score > kFake) fakes.push_back(score);
    if (score < kReal) reals.push_back(score);
  }
  if (fakes.size() > scores->size() * 2 / 5 && fakes.size() > kFewestFakes) return ComputeMean(fakes);
  const double most = kMostAreReal * static_cast<double>(scores->size());
  return ComputeMean(static_cast<double>(reals.size()) > most ? reals : *scores);
}

double ConfidentOfAll(const TrackScores& people) {
  std::vector<double> scores;
  for (const auto& [number, track] : people) {
    for (const ClipScore& clip : track.clips) scores.push_back(clip.score);
  }
  return MeanOfConfident(&scores, {});
}

float FaceArea(const ClipScore& clip) {
  const FaceBox& box = clip.faces.front().box;
  return box.width * box.height;
}

// Windows stand for their first frames.
double MeanOfFrames(const TrackScores& people) {
  struct Frame {
    float largest = 0;
    double score = 0;
  };
  std::map<std::int64_t, Frame> frames;
  for (const auto& [number, track] : people) {
    for (const ClipScore& clip : track.clips) {
      float& largest = frames[clip.faces.front().index].largest;
      largest = std::max(largest, FaceArea(clip));
    }
  }
  for (const auto& [number, track] : people) {
    for (const ClipScore& clip : track.clips) {
      Frame& frame = frames[clip.faces.front().index];
      if (2 * FaceArea(clip) >= frame.largest) frame.score = std::max(frame.score, clip.score);
    }
  }
  double sum = 0;
  for (const auto& [index, frame] : frames) sum += frame.score;
  return sum / static_cast<double>(frames.size());
}

// Of "top-8": 8.
std::optional<int> CountInRule(const std::string& rule) {
  if (!rule.starts_with(kTop)) return std::nullopt;
  const auto count = ParseNumber<int>(rule.substr(kTop.size()));
  return count && *count >= 1 ? count : std::nullopt;
}

constexpr AggregateEntry kAggregates[] = {
    {"mean", [](std::vector<double>* scores, const AggregateOptions&) { return ComputeMean(*scores); }},
    {"median", ComputeMedian},
    {"top-k", MeanOfGreatest},
    {"max", [](std::vector<double>* scores,
               const AggregateOptions&) { return *std::max_element(scores->begin(), scores->end()); }},
    {"logit-mean", MeanOfLogits},
    {"frame-max", [](std::vector<double>* scores, const AggregateOptions&) { return ComputeMean(*scores); },
     MeanOfFrames},
    {"confident", MeanOfConfident, ConfidentOfAll},
};

}  // namespace

void AggregateOptions::Register(Options* options) {
  std::vector<std::string> names;
  for (const AggregateEntry& entry : kAggregates) names.emplace_back(entry.name);
  options->Add("aggregate", &aggregate, "how the scores of a person's frames (or windows) become one", names);
  options->Add("top-k", &top_k, "--aggregate top-k: the mean of so many of the greatest scores", AtLeast(1));
  options->Add("min-track", &min_track, "frames a person must be seen in to count, unless nobody is",
               AtLeast(1));
  options->Add("tiles", &tiles,
               "whole pictures: look at all of a large one, tile by tile; the picture's score is the tiles' "
               "mean, median, max, logit-mean or top-N (the mean of the N greatest)");
}

void AggregateOptions::Check() const {
  CheckDeclared(*this);
  if (!tiles.empty() && !IsTileRule(tiles)) {
    throw UsageError("--tiles", fmt::format("'{}' is unknown", tiles),
                     "mean, median, max, logit-mean or top-N: the mean of the N greatest");
  }
}

bool AggregateOptions::IsKnown() const {
  return std::any_of(std::begin(kAggregates), std::end(kAggregates),
                     [&](const AggregateEntry& entry) { return aggregate == entry.name; });
}

std::string AggregateOptions::Name() const {
  const std::string name = aggregate == "top-k" ? fmt::format("top-{}", top_k) : aggregate;
  return tiles.empty() ? name : fmt::format("{}, tiles: {}", name, tiles);
}

bool IsTileRule(const std::string& rule) {
  return CountInRule(rule) ||
         std::find(std::begin(kTileRules), std::end(kTileRules), rule) != std::end(kTileRules);
}

double Aggregate(std::vector<double> scores, const AggregateOptions& options) {
  for (const AggregateEntry& entry : kAggregates) {
    if (options.aggregate == entry.name) return entry.of(&scores, options);
  }
  throw UsageError("--aggregate", fmt::format("'{}' is unknown", options.aggregate));
}

namespace {

double JoinTiles(const TrackScores& tiles, const std::string& rule) {
  std::vector<double> scores;
  for (const auto& [number, tile] : tiles) {
    if (tile.counts) scores.push_back(tile.score);
  }
  AggregateOptions options;
  const auto count = CountInRule(rule);
  options.aggregate = count ? "top-k" : rule;
  options.top_k = count.value_or(options.top_k);
  return Aggregate(std::move(scores), options);
}

}  // namespace

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
  if (!options.tiles.empty()) return JoinTiles(*people, options.tiles);
  for (const AggregateEntry& entry : kAggregates) {
    if (options.aggregate == entry.name && entry.of_video != nullptr) return entry.of_video(*people);
  }
  return deciding->second.score;
}

}  // namespace seam
