#pragma once

#include <vector>

#include "extract/faces/face_detector.h"

namespace seam {

// The faces above `threshold`, the best first, without those whose boxes overlap a better one's by more than
// `overlap` (intersection over union).
std::vector<Face> WithoutOverlaps(const std::vector<Face>& faces, float threshold, float overlap);

}  // namespace seam
