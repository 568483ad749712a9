#pragma once

#include "labels/layout.h"

namespace seam {

// Text files with a line `path label` for each file, as the data set scripts of several Xception trainings
// write them: 0 or real, 1 or fake. The root is one such file, or a folder of some: train.txt, validation.txt
// (or val.txt), test.txt, list.txt. Paths are below the list's folder, or absolute. The split is what the
// list is called or, in others, the first folder of the path.
//
// Pictures called NAME__NUMBER are frames of the video NAME, and stay in one split. Of names as
// manipulated_METHOD_c23_000_003__7 and original_c23_000__7 the numbers of FaceForensics++ are the keys.
DatasetLayout ListLayout();

}  // namespace seam
