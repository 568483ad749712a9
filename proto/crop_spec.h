#pragma once

#include <string>

#include "proto/clip.pb.h"

namespace seam {

// What this Seam cannot do with `crop`, in words; "" when nothing. Whether the detector is known is for
// extract/ to say.
std::string FindProblem(const CropSpec& crop);

// CropSpec::overlap at most: more would mean hundreds of looks at every pixel.
inline constexpr double kMostOverlap = 0.9;

// Whether faces look alike, cut out by either; `faces` says only whose they are, and `tiles` how they are
// scored. A field that an older Seam did not write counts as what it did: no alignment.
bool SameCrop(const CropSpec& a, const CropSpec& b);

// "largest", "centre" or "all".
std::string GetFaces(const CropSpec& crop);

// How the scores of a picture's tiles become its own: AggregateOptions::tiles; "" where it is not cut into
// tiles.
std::string TileRule(const CropSpec& crop);

// As JSON with every field, by the names of clip.proto.
std::string CropSpecJson(const CropSpec& crop);

}  // namespace seam
