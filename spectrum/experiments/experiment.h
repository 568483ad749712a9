#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pages/table.h"
#include "scores/score_file.h"
#include "spectrum/experiments/class_measures.h"
#include "spectrum/experiments/make_features.h"
#include "spectrum/feature_set.h"
#include "spectrum/spectrum_model.h"

namespace seam {

// Whether the name ends as a file of features does.
bool IsFeatureFile(const std::string& path);

// The features at `paths`: one saved file of features, or pictures, videos and shards, of which they are
// taken now; their bad ones are warned of. An Error when both are mixed, and when the user interrupted.
FeatureSet FeaturesAt(const std::vector<std::string>& paths, const MakeOptions& options, bool fake_is_zero);

// Reads `info`'s threshold and calibration out of scores with labels, as training does of its validation
// videos, and adds what was measured to its metrics. An Error where a class is missing.
void FitTo(const std::vector<ScoreRow>& scores, CheckpointInfo* info);

// Has the set count its classes as `classes` does: each by its name. Where no name is known, and there are
// not more of them, they stand in the same order, and a warning says so. Else it is an Error.
void AlignClasses(const std::vector<std::string>& classes, const std::string& subject, FeatureSet* set);

// How a model did on features with labels.
struct TestResult {
  std::int64_t rows = 0, right = 0;
  std::vector<std::vector<std::int64_t>> confusion;  // [class][predicted]
  std::vector<ScoreRow> scores;                      // of a model of real and fake: of each input, P(fake)
  ClassScores class_scores;                          // of a model of other classes

  double accuracy() const { return rows > 0 ? static_cast<double>(right) / static_cast<double>(rows) : 0; }
};

// Each input's verdict is by the model's own threshold and calibration.
// On all cores. Rows without a label are left out of the counts, not of `scores`.
TestResult TestModel(const SpectrumModel& model, const FeatureSet& set);

// The interval of a share (Wilson 1927) at 95 %.
struct ShareInterval {
  double low = 0, high = 0;
};
ShareInterval WilsonInterval(std::int64_t right, std::int64_t rows);
// "0.9060 [0.8772, 0.9286]".
std::string ShareText(std::int64_t right, std::int64_t rows);

Table ConfusionTable(const TestResult& result, const std::vector<std::string>& classes);

}  // namespace seam
