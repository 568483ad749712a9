#pragma once

#include <span>
#include <string>
#include <vector>

#include "scores/aggregate.h"
#include "scores/score_row.h"

namespace seam {

// One of several networks whose scores of a video become one.
struct FusedNetwork {
  std::string name;                 // for people and score files
  double weight = 1;                // of its logit
  AggregateOptions aggregate = {};  // how its scores of frames become one of a video
};

// The fused score is sigmoid(bias + sum over networks of weight * logit(score)): a logistic regression on the
// networks' logits, and with weights of 1 / N and no bias the mean of the logits.
struct Fusion {
  std::vector<FusedNetwork> networks;
  double bias = 0;

  // `scores`: P(fake) of each network -> P(fake).
  double Fuse(std::span<const double> scores) const;
};

// "fused by the logits: 0.5 x a + 0.5 x b": for people.
std::string ToWords(const Fusion& fusion);
// "a 0.7113, b 0.3520": for people; empty where none has a score.
std::string ToWords(const std::vector<NetworkScore>& networks);

// Fills in what ScoreTracks() would, for a video whose every ClipScore::networks is there. Each network's
// score of a person and of the video is what it is where the network works alone; those of the fusion are
// fused of these. With weights that are not negative no person's score is above the video's. Returns the
// video's; none without any person.
std::optional<double> ScoreFusedTracks(const Fusion& fusion, ScoreRow* row);

}  // namespace seam
