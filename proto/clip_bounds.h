#pragma once

#include <string_view>

namespace seam {

// Whether `bytes` can be a seam.Clip that parses within bounds: well-formed down to the frames' boxes, at
// most kMaxClipFields fields in all, and no groups. Protobuf itself allocates some hundred bytes for a frame
// of two.
bool ClipWithinBounds(std::string_view bytes);

}  // namespace seam
