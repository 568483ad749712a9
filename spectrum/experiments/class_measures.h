#pragma once

#include <string>
#include <vector>

#include "evaluate/evaluation.h"
#include "spectrum/feature_set.h"
#include "spectrum/spectrum_model.h"

namespace seam {

// What a model of any number of classes says of labelled inputs. A video's rows are one input: their shares
// are averaged.
struct ClassScores {
  std::vector<std::vector<double>> shares;  // [input][class]
  std::vector<int> labels, predicted;

  void Append(const ClassScores& more);
};

// `set` counts its classes as the model does. On all cores.
ClassScores ScoreClasses(const SpectrumModel& model, const FeatureSet& set);

// The mean over classes of the AUC of a class against the rest (one-vs-rest, macro average; Fawcett 2006,
// section 9). Classes that no input has, or all have, are left out; NaN where none is left.
double MacroAuc(const ClassScores& scores);

// Accuracy and macro AUC in the order of Metrics(), the others NaN. Intervals are of a bootstrap that
// draws as many inputs of each class as there are.
Slice MeasureClasses(const std::string& name, const ClassScores& scores, const BootstrapOptions& options);

}  // namespace seam
