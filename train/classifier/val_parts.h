#pragma once

#include <string>
#include <vector>

#include "evaluate/bootstrap.h"

namespace seam {

class ClipDataset;

// What the scores of a part of `val` are worth: of one dataset, or of one method's fakes.
struct ValPart {
  std::string name;        // of the dataset, or of the method
  int real = 0, fake = 0;  // videos
  double auc_video = 0, auc_frame = 0;
  Interval interval = {};  // of auc_video, 95 %
};

// Of each dataset where `val` has several, and of each method where its dataset has several; by name, a
// dataset's methods after it. A method's fakes are measured against the reals of its dataset, and the fakes
// of a dataset without reals against all reals. `scores`: of the clips, as ScoreClips() returns them; a part
// of which a class has no score is left out. `window` as VideoScores() takes it.
std::vector<ValPart> MeasureParts(const ClipDataset& val, const std::vector<double>& scores, int window = 0);

}  // namespace seam
