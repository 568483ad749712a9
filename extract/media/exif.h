#pragma once

#include <optional>

#include "extract/media/input_file.h"
#include "extract/media/video_frame.h"

namespace seam {

// How a picture has to be turned by the first EXIF block of a JPEG, PNG (eXIf) or WebP (EXIF) file (tag 274
// of CIPA DC-008); none where it does not say.
std::optional<Orientation> ExifOrientation(const InputFile& file);

// What a value of that tag, which TIFF has, too, asks for; none for 0 and what has no meaning.
std::optional<Orientation> OrientationOfTag(int tag);

}  // namespace seam
