#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "extract/media/input_file.h"

namespace seam {

// A box of an mp4, mov or HEIF file (ISO/IEC 14496-12, 4.2), with its header.
struct FileBox {
  std::int64_t offset = 0, size = 0;
};

// The first of the outermost boxes that is called `name`, if it is there before the first damaged one. `from`
// is where to begin: at the beginning of a box.
std::optional<FileBox> FindBox(const InputFile& file, std::string_view name, std::int64_t from = 0);
// The same among those inside `outer`, which holds nothing but boxes.
std::optional<FileBox> FindBox(const InputFile& file, std::string_view name, const FileBox& outer);

}  // namespace seam
