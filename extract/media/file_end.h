#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "extract/media/input_file.h"

namespace seam {

// Whether the file ends before it should, by what its own bytes promise; none where this container (a name of
// libavformat's), or this file, promises nothing.
std::optional<bool> IsCutOff(std::string_view container, const InputFile& file);

// Where a PNG ends by its chunks, whatever follows; none where it has no end mark.
std::optional<std::int64_t> EndOfPng(const InputFile& file);

}  // namespace seam
