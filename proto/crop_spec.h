#pragma once

#include <string>

#include "proto/clip.pb.h"

namespace seam {

// What this Seam cannot do with `crop`, in words; "" when nothing. Whether the detector is known is for
// extract/ to say.
std::string ProblemOf(const CropSpec& crop);

// Fields that an older Seam did not write count as what it did: no alignment, the largest face.
bool SameCrop(const CropSpec& a, const CropSpec& b);

// As JSON with every field, by the names of clip.proto.
std::string CropSpecJson(const CropSpec& crop);

}  // namespace seam
