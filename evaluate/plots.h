#pragma once

#include <filesystem>
#include <vector>

#include "evaluate/cross_evaluation.h"
#include "evaluate/evaluation.h"
#include "evaluate/robustness.h"
#include "pages/chart.h"

namespace seam {

// ROC (also with a logarithmic false positive rate), precision-recall and DET curves with one line for each
// evaluation. For each by itself, the histogram of scores by class, the reliability diagram and the AUC by
// method.
std::vector<Chart> MakePlots(const std::vector<Evaluation>& evaluations);
HeatMap MakeHeatMap(const CrossTest& cross);

// AUC against level, with intervals: of each network all perturbations in one chart, and of each perturbation
// all networks. A single network has its frames, too.
std::vector<Chart> MakePlots(const std::vector<Robustness>& all);
// The AUC of each perturbation (row) at each level (column).
HeatMap MakeHeatMap(const Robustness& robustness, const std::string& suffix);

// Every chart as FOLDER/NAME.svg and FOLDER/NAME.png; the folder is made.
void WritePlots(const std::vector<Chart>& charts, const std::filesystem::path& folder);
void WritePlots(const HeatMap& map, const std::filesystem::path& folder);

}  // namespace seam
