#pragma once

#include <string>
#include <vector>

#include "spectrum/classifier.h"

namespace seam {

// `seam spectrum train`: a classifier of features, saved or taken now, and maybe its test. Without `trainer`
// the process becomes seam-spectrum-torch where a network is to learn.
int SpectrumTrain(const std::vector<std::string>& arguments, NetworkTrainer trainer);
// `seam spectrum test`: how a model does on features.
int SpectrumTest(const std::vector<std::string>& arguments);
// `seam spectrum classify`: which share of pictures is of which class.
int SpectrumClassify(const std::vector<std::string>& arguments);
// `seam spectrum crosstest`: a folder of models by a folder of feature files.
int SpectrumCrossTest(const std::vector<std::string>& arguments);
// `seam spectrum grid-search`: a classifier with many settings, kept as JSON.
int SpectrumGridSearch(const std::vector<std::string>& arguments);

}  // namespace seam
