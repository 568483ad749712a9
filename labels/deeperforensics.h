#pragma once

#include "labels/layout.h"

namespace seam {

// DeeperForensics-1.0: manipulated_videos/<variant>/<target, three digits>_<actor>.mp4 and
// lists/splits/{train,val,test}.txt, which name manipulated videos. The reals are the YouTube originals of
// FaceForensics++ at c23, below `reals`; source_videos/ are the actors' recordings and no reals. A real
// stands in the split of its target. Groups: the target and, unless the official lists say the split, the
// actor; with the lists an actor that crosses splits is reported.
DatasetLayout DeeperForensicsLayout();

}  // namespace seam
