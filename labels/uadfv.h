#pragma once

#include "labels/layout.h"

namespace seam {

// UADFV: real/NNNN.mp4 and fake/NNNN_fake.mp4; the number is the group.
DatasetLayout UadfvLayout();

}  // namespace seam
