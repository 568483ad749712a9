#pragma once

#include <string>

#include "proto/clip.pb.h"

namespace seam {

// What this Seam cannot do with `crop`, in words; "" when nothing. Whether the detector is known is for
// extract/ to say.
std::string FindProblem(const CropSpec& crop);

// Whether faces look alike, cut out by either; `faces` says only whose they are. A field that an older Seam
// did not write counts as what it did: no alignment.
bool SameCrop(const CropSpec& a, const CropSpec& b);

// "largest", "centre" or "all".
std::string GetFaces(const CropSpec& crop);

// As JSON with every field, by the names of clip.proto.
std::string CropSpecJson(const CropSpec& crop);

}  // namespace seam
