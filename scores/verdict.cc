#include "scores/verdict.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/numbers.h"

namespace seam {
namespace {

Error WrongThreshold(const std::string& problem) {
  return UsageError("--threshold", problem,
                    "a number from 0 to 1; eer: as many errors of either kind; fpr1: 1 % false alarms");
}

double Number(const std::string& text) {
  const auto number = ParseNumber<double>(text);
  if (!number) throw WrongThreshold(fmt::format("'{}' is not a number from 0 to 1, eer or fpr1", text));
  if (!(*number >= 0 && *number <= 1)) throw WrongThreshold("must be from 0 to 1");
  return *number;
}

// The usual size of a person's face: the median of the shorter sides.
float FindSize(const TrackScore& track) {
  std::vector<float> sides;
  for (const ClipScore& clip : track.clips) {
    for (const SeenFace& face : clip.faces) sides.push_back(std::min(face.box.width, face.box.height));
  }
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  return *middle;
}

// Whether the boxes are tiles or whole frames: nobody's face.
bool IsOfPictures(const ScoreRow& row, const TrackScore& track) {
  const SeenFace& seen = track.first();
  return !row.tiles.empty() || (seen.box.x == 0 && seen.box.y == 0 && seen.frame_size.width > 0 &&
                                std::lround(seen.box.width) == seen.frame_size.width &&
                                std::lround(seen.box.height) == seen.frame_size.height);
}

void AddCautions(int min_track, ScoreRow* row) {
  const auto* deciding = DecidingTrack(row->people);
  if (deciding == nullptr) return;
  int most = 0;
  for (const auto& [number, track] : row->people) most = std::max(most, track.frames());
  if (most < min_track && row->frames >= min_track) AddCaution(FewFrames(most, row->frames), &row->cautions);
  const int size = static_cast<int>(std::lround(FindSize(deciding->second)));
  if (size < kVerySmallFace && !IsOfPictures(*row, deciding->second))
    AddCaution(SmallFace(size), &row->cautions);
}

bool SeenInFewFrames(const ScoreRow& row) {
  return std::any_of(row.cautions.begin(), row.cautions.end(),
                     [](const Caution& caution) { return caution.kind == CautionKind::kFewFrames; });
}

Verdict DecideVerdict(const VerdictRule& rule, const ScoreRow& row) {
  if (row.score) return SeenInFewFrames(row) ? Verdict::kUncertain : DecideVerdict(rule, *row.score);
  return row.status == Status::kNoFace || row.status == Status::kNoWindow ? Verdict::kNoFace
                                                                          : Verdict::kError;
}

// What follows from the score.
void Conclude(const VerdictRule& rule, int min_track, ScoreRow* row) {
  row->probability = ToProbability(rule, row->score);
  row->threshold = rule.threshold;
  AddCautions(min_track, row);
  row->verdict = DecideVerdict(rule, *row);
}

}  // namespace

VerdictRule MakeVerdictRule(double stored, const std::optional<Calibration>& calibration,
                            const std::string& threshold) {
  VerdictRule rule;
  rule.threshold = stored;
  rule.source = "the checkpoint's";
  if (calibration) {
    rule.calibrated = true;
    rule.temperature = calibration->temperature;
    rule.band_low = calibration->band_low;
    rule.band_high = calibration->band_high;
  }
  if (threshold == "eer" || threshold == "fpr1") {
    if (!calibration) {
      throw Error("--threshold " + threshold, "the checkpoint was not calibrated",
                  "--threshold 0.5 needs no calibration", kExitUsage);
    }
    rule.threshold = threshold == "eer" ? calibration->threshold_eer : calibration->threshold_fpr1;
    rule.source = threshold == "eer" ? "the one at equal error rates" : "the one at 1 % false alarms";
  } else if (!threshold.empty()) {
    rule.threshold = Number(threshold);
    rule.source = "the user's";
    rule.band_low = rule.band_high = 0;
  }
  if (rule.threshold < rule.band_low || rule.threshold > rule.band_high) rule.band_low = rule.band_high = 0;
  return rule;
}

std::optional<double> ToProbability(const VerdictRule& rule, std::optional<double> score) {
  if (!score || !rule.calibrated) return std::nullopt;
  return CalibratedProbability(*score, rule.temperature);
}

Verdict DecideVerdict(const VerdictRule& rule, double score) {
  if (score >= rule.band_low && score < rule.band_high) return Verdict::kUncertain;
  return score >= rule.threshold ? Verdict::kFake : Verdict::kReal;
}

std::optional<Verdict> DecideVerdict(const VerdictRule& rule, const ScoreRow& row, const TrackScore& track) {
  if (!track.counts) return std::nullopt;
  return SeenInFewFrames(row) ? Verdict::kUncertain : DecideVerdict(rule, track.score);
}

void Judge(const VerdictRule& rule, const AggregateOptions& aggregate, ScoreRow* row) {
  row->aggregate = aggregate.Name();
  row->tiles = aggregate.tiles;
  row->score = ScoreTracks(aggregate, &row->people);
  Conclude(rule, aggregate.min_track, row);
}

void Judge(const VerdictRule& rule, const Fusion& fusion, ScoreRow* row) {
  std::vector<std::string> names;
  for (const FusedNetwork& network : fusion.networks) {
    const std::string name = network.aggregate.Name();
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  row->aggregate = fmt::format("{}", fmt::join(names, "+"));
  row->tiles = fusion.networks.front().aggregate.tiles;
  row->score = ScoreFusedTracks(fusion, row);
  Conclude(rule, fusion.networks.front().aggregate.min_track, row);
}

}  // namespace seam
