#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evaluate/fusion_fit.h"
#include "scores/calibration.h"
#include "scores/score_row.h"

namespace seam {

// What a fusion is fitted on: the labelled videos that every network has scored.
struct FusionSamples {
  std::vector<std::vector<double>> scores;  // [network][video], P(fake)
  std::vector<int> labels;                  // [video], 1: fake
  std::vector<std::size_t> rows;            // [video], of the first network's rows
};

// `rows`: of each network, by the videos' paths. An Error when there are none of one class.
FusionSamples ReadSamples(const std::vector<const std::vector<ScoreRow>*>& rows);

// Writes the ensemble's file by `seam models fuse`: the checkpoints, how they are fused, and how the fused
// score is read. An Error when that fails.
void WriteFusion(const std::vector<std::string>& models, const FusionFit& fit, const Calibration& calibration,
                 const std::string& output);

}  // namespace seam
