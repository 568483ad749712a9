#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "extract/media/input_file.h"

struct AVCodecParameters;
struct AVInputFormat;
struct AVPacket;
struct AVStream;

namespace seam {

// What Seam opens: files come from anywhere, and every reader that is not needed is one that cannot be
// attacked. docs/extraction.md has both lists in words.

// Whether a demuxer that libavformat's probing gave `score` is on the list of containers.
bool IsListed(const AVInputFormat& container, int score);

// Names of the decoders on the list, as libavcodec's codec_whitelist wants them.
const char* ListedDecoders();

// What a stream is coded as, in words; "" where the file does not tell.
std::string CodecWords(const InputFile& file, const AVInputFormat& container, const AVCodecParameters& codec);

// Whether the stream, whose first packet is `first` (nullptr: it has none), can be read with a key alone:
// common encryption and FairPlay in mp4, encrypted matroska, scrambled transport streams, protected wmv.
bool IsEncrypted(const InputFile& file, const AVInputFormat& container, const AVStream& stream,
                 const AVPacket* first);

// Whether only a Dolby Vision player can show the stream's colours: its base is compatible with nothing else
// (profile 5, and profile 10 without one).
bool HasOwnColours(const AVStream& stream);

// What is known by its first bytes and not read, in words; "" for all else.
std::string UnreadKind(std::string_view head);

// Whether the first bytes of the file are those of a container on the list, whatever its name. Sound files in
// such a container are among these.
bool LooksLikeMedia(const std::filesystem::path& path);

// Whether the file is one picture and no film or animation, by its first bytes; by its name where they say
// nothing.
bool IsStill(const std::filesystem::path& path);

}  // namespace seam
