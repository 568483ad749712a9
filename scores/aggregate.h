#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "scores/score_row.h"

namespace seam {

// A person must be seen in as many frames to count, unless nobody is.
constexpr int kMinTrackFrames = 3;

// How scores of frames (or windows) become those of people and of the video: in validation, which thresholds
// are fitted on, in `seam score` and in `seam infer` alike.
struct AggregateOptions {
  std::string aggregate = "mean";   // mean, median, top-k, max, logit-mean, frame-max, confident
  int top_k = 8;                    // top-k: the mean of so many of the greatest scores
  int min_track = kMinTrackFrames;  // frames that a person must be seen in to count
  // Whole pictures that are cut into tiles: how the tiles' scores become the picture's, "mean", "median",
  // "max", "logit-mean" or "top-N". Each tile is a track. Empty: tracks are people.
  std::string tiles = "";
  void Register(Options* options);
  void Check() const;
  bool IsKnown() const;  // whether there is such an aggregate
  // "mean", "top-8", "mean, tiles: max": for people and files.
  std::string Name() const;
};

// One score of many, which must not be empty. logit-mean: the sigmoid of the logits' mean. confident is the
// rule of the winner of the DFDC (Seferbekov, 2020). Where more than n // 2.5 of n scores, and more than 11,
// are above 0.8, it is their mean. Else where more than 0.9 n are below 0.2, it is the mean of those. Else it
// is the mean of all. frame-max: the mean.
double Aggregate(std::vector<double> scores, const AggregateOptions& options);

// Whether AggregateOptions::tiles can be so.
bool IsTileRule(const std::string& rule);

// Fills in `score` and `counts` of each track, and returns the score of the video: the greatest of those that
// count, that is of the most suspicious person. A person who was scored in fewer than `min_track` frames does
// not count, unless all were: then those count who were in the most. None without any person. Two rules know
// no people and take the faces of all. confident is one. The other is frame-max, the mean over frames of each
// frame's greatest score (Shiohara and Yamasaki, CVPR 2022). It passes over faces of less than half the area
// of the frame's largest. Of tiles the video's score is joined of those that count, by
// AggregateOptions::tiles.
std::optional<double> ScoreTracks(const AggregateOptions& options, TrackScores* people);

}  // namespace seam
