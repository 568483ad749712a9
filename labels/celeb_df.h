#pragma once

#include "labels/layout.h"

namespace seam {

// Celeb-DF: Celeb-real/idA_NNNN.mp4, YouTube-real/NNNNN.mp4, Celeb-synthesis/idA_idB_NNNN.mp4 (target A,
// source B; it shows the footage idA_NNNN), List_of_testing_videos.txt (lines `<label> <folder>/<file>`, 1 =
// real). The footage is the group. All celebrities are swapped with each other, so people cross splits
// whatever one does. `version` is 1 or 2; the trees are alike.
DatasetLayout CelebDfLayout(int version);

}  // namespace seam
