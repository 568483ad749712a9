#pragma once

#include <cstdint>
#include <optional>

#include "extract/media/input_file.h"

namespace seam {

// Whether a stream of packets, which has no length anywhere, ends in the middle of something. A file that was
// cut just between two frames looks like a shorter one.

// A transport stream (ISO/IEC 13818-1, 2.4): its last packet is not whole, or the last PES packet of one of
// its streams is not: shorter than it says or, where it does not say, without the stuffing that ends one. One
// in 184 whole packets has none either, and is taken for cut.
std::optional<bool> TransportStreamEndsEarly(const InputFile& file);

// Whether two transport streams were joined between these bytes of a file, as far as the stream `pid` tells:
// its counter jumps where a PES packet begins, behind a new table of programs, and the one before is whole.
bool IsJoinedWithin(const InputFile& file, unsigned pid, std::int64_t begin, std::int64_t end);

// A program stream (ISO/IEC 13818-1, 2.5): its last packet is not whole, or slices are missing of the last
// MPEG-2 picture (ISO/IEC 13818-2, 6.1.2). Of MPEG-1 a packet that is not whole alone tells.
std::optional<bool> ProgramStreamEndsEarly(const InputFile& file);

// Ogg (RFC 3533, section 6): the last page is not whole, or does not end its stream.
std::optional<bool> OggEndsEarly(const InputFile& file);

}  // namespace seam
