#pragma once

#include "labels/layout.h"

namespace seam {

// DFDC: folders (dfdc_train_part_N/, train_sample_videos/, or the root itself) with a metadata.json,
// {"x.mp4": {"label": "FAKE" or "REAL", "original": "y.mp4" or null}, ...}; and test sets with a labels.csv
// (filename,label; 1 = fake) beside the videos or one folder above. The original is the group. Its "split" is
// "train" everywhere and says nothing; the videos of a labels.csv are the split test.
DatasetLayout DfdcLayout();

}  // namespace seam
