#pragma once

#include <cstdint>

#include "extract/media/input_file.h"

namespace seam {

// What a file that begins as a JPEG (ITU-T T.81, annex B) holds. Phones write more behind the picture: a gain
// map, the other eye's or a smaller view (CIPA DC-007, "MPF"), or a short film ("motion photo").
struct JpegFile {
  bool is_jpeg = false;
  bool has_end = false;        // the first picture's end mark is there
  std::int64_t first_end = 0;  // of the first picture, if has_end
  // Three pictures and more of one size in a row, none of which names parts: cameras write films so.
  bool is_film = false;
};

JpegFile LookIntoJpeg(const InputFile& file);

}  // namespace seam
