#pragma once

#include <optional>
#include <string_view>

#include "extract/media/input_file.h"

namespace seam {

// Whether the file ends before it should, by what its own bytes promise; none where this container (a name of
// libavformat's), or this file, promises nothing.
std::optional<bool> IsCutOff(std::string_view container, const InputFile& file);

}  // namespace seam
