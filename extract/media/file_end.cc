#include "extract/media/file_end.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

extern "C" {
#include <libavcodec/dv_profile.h>
}

namespace seam {
namespace {

// An EBML number (RFC 8794, section 4): as many bytes as the first has leading zeros, and one; -1 where all
// its bits are ones, which means unknown, and where it is cut off. Moves `bytes` behind it.
std::int64_t TakeEbmlNumber(std::string_view* bytes) {
  if (bytes->empty()) return -1;
  const auto first = static_cast<unsigned char>(bytes->front());
  const auto length = static_cast<std::size_t>(std::countl_zero(first)) + 1;
  if (length > 8 || bytes->size() < length) return -1;
  const std::int64_t most = (std::int64_t{1} << (7 * length)) - 1;
  const std::int64_t number = BigEndian(bytes->substr(0, length)) & most;
  bytes->remove_prefix(length);
  return number == most ? -1 : number;
}

// The functions below say how long a file has to be; 0 where it does not tell.

std::int64_t BytesOfRiff(const InputFile& file) {
  constexpr std::int64_t kHeader = 8;
  const std::int64_t size = LittleEndian(file.BytesAt(4, 4));
  return size > 0 ? size + kHeader : 0;
}

std::int64_t BytesOfMatroska(const InputFile& file) {
  constexpr std::size_t kLooked = 256, kIdBytes = 4;
  const std::string head = file.BytesAt(0, kLooked);
  if (head.size() < kIdBytes) return 0;
  // The header, and then the segment, which is all the rest.
  std::string_view rest = std::string_view(head).substr(kIdBytes);
  const std::int64_t header = TakeEbmlNumber(&rest);
  if (header < 0 || static_cast<std::uint64_t>(header) + kIdBytes > rest.size()) return 0;
  rest.remove_prefix(static_cast<std::size_t>(header));
  if (!rest.starts_with("\x18\x53\x80\x67")) return 0;
  rest.remove_prefix(kIdBytes);
  const std::int64_t segment = TakeEbmlNumber(&rest);
  return segment < 0 ? 0 : static_cast<std::int64_t>(head.size() - rest.size()) + segment;
}

// By the File Properties Object of an ASF file, unless it says that it was sent as it was made.
std::int64_t BytesOfAsf(const InputFile& file) {
  constexpr std::string_view kObject("\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65", 16);
  constexpr std::size_t kLooked = 1 << 16, kSize = 40, kFlags = 88;
  const std::string head = file.BytesAt(0, kLooked);
  const std::size_t place = head.find(kObject);
  if (place == std::string::npos || place + kFlags + 4 > head.size()) return 0;
  if ((head[place + kFlags] & 1) != 0) return 0;
  return LittleEndian(std::string_view(head).substr(place + kSize, 8));
}

// An MXF partition's pack (SMPTE ST 377-1, 7.1).
struct MxfPartition {
  std::int64_t begin = 0;   // of the pack
  std::int64_t footer = 0;  // where the last partition begins, from the first one on; 0: not known
  std::int64_t end = 0;     // of the pack, and of the metadata and index behind it
};

// The first one in `bytes`, which stand at `offset` of the file.
std::optional<MxfPartition> FindMxfPartition(std::string_view bytes, std::int64_t offset) {
  constexpr std::string_view kPartition("\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01", 13);
  constexpr std::size_t kKey = 16, kFooter = 24, kMetadata = 32, kIndex = 40, kLeast = 48;
  const std::size_t place = bytes.find(kPartition);
  if (place == std::string_view::npos || place + kKey >= bytes.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[place + kKey]);
  const std::size_t more = (first & 0x80) != 0 ? first & 0x7F : 0;  // bytes of its length
  const std::size_t value = place + kKey + 1 + more;
  if (value + kLeast > bytes.size()) return std::nullopt;
  const auto number = [&](std::size_t at) { return BigEndian(bytes.substr(value + at, 8)); };
  const std::int64_t length = more == 0 ? first : BigEndian(bytes.substr(place + kKey + 1, more));
  const std::int64_t begin = offset + static_cast<std::int64_t>(place);
  constexpr std::int64_t kMost = std::int64_t{1} << 60;
  const std::int64_t behind =
      std::min(length, kMost) + std::min(number(kMetadata), kMost) + std::min(number(kIndex), kMost);
  return MxfPartition{begin, std::min(BigEndian(bytes.substr(value + kFooter, 8)), kMost),
                      begin + static_cast<std::int64_t>(value - place) + behind};
}

// By the last partition, behind all frames, which the first one points to.
std::int64_t BytesOfMxf(const InputFile& file) {
  constexpr std::size_t kLooked = 1 << 16, kPack = 256;
  const auto first = FindMxfPartition(file.BytesAt(0, kLooked), 0);
  if (!first || first->footer == 0) return 0;
  const std::int64_t footer = first->begin + first->footer;
  const auto last = FindMxfPartition(file.BytesAt(footer, kPack), footer);
  return last ? last->end : file.size() + 1;
}

// Frames of one size, one behind the other.
std::int64_t BytesOfDv(const InputFile& file) {
  constexpr std::size_t kLooked = 1 << 10;
  const std::string head = file.BytesAt(0, kLooked);
  if (head.size() < kLooked) return file.size() + 1;
  const AVDVProfile* profile = av_dv_frame_profile(
      nullptr, reinterpret_cast<const std::uint8_t*>(head.data()), static_cast<unsigned>(head.size()));
  if (profile == nullptr || profile->frame_size <= 0) return 0;
  const std::int64_t frame = profile->frame_size;
  return (file.size() + frame - 1) / frame * frame;
}

// By the length of the last frame.
std::int64_t BytesOfDav(const InputFile& file) {
  constexpr std::int64_t kLooked = 1 << 20;
  constexpr std::size_t kLength = 12;
  const std::int64_t begin = std::max<std::int64_t>(file.size() - kLooked, 0);
  const std::string tail = file.BytesAt(begin, static_cast<std::size_t>(kLooked));
  const std::size_t last = tail.rfind("DHAV");
  if (last == std::string::npos) return 0;
  if (last + kLength + 4 > tail.size()) return file.size() + 1;
  return begin + static_cast<std::int64_t>(last) +
         LittleEndian(std::string_view(tail).substr(last + kLength, 4));
}

// Chunk by chunk to the one that ends it.
std::int64_t BytesOfPng(const InputFile& file) {
  constexpr int kMostChunks = 1 << 18;
  std::int64_t place = 8;
  for (int i = 0; i < kMostChunks && place < file.size(); ++i) {
    const std::string head = file.BytesAt(place, 8);
    if (head.size() < 8) break;
    place += BigEndian(std::string_view(head).substr(0, 4)) + 12;
    if (head.ends_with("IEND")) return place;
  }
  return std::max(place, file.size() + 1);
}

std::int64_t BytesPromised(std::string_view container, const InputFile& file) {
  if (container == "avi" || container == "webp_pipe") return BytesOfRiff(file);
  if (container.starts_with("matroska")) return BytesOfMatroska(file);
  if (container == "asf") return BytesOfAsf(file);
  if (container == "mxf") return BytesOfMxf(file);
  if (container == "dv") return BytesOfDv(file);
  if (container == "dhav") return BytesOfDav(file);
  if (container == "apng" || container == "png_pipe") return BytesOfPng(file);
  return 0;
}

}  // namespace

std::optional<bool> IsCutOff(std::string_view container, const InputFile& file) {
  if (container == "mpegts") {
    // Plain, with times of arrival, with error correction.
    const auto whole = [&](std::int64_t bytes) { return file.size() % bytes == 0; };
    return !whole(188) && !whole(192) && !whole(204);
  }
  if (container == "gif") {
    constexpr std::int64_t kTail = 256;
    std::string tail = file.BytesAt(std::max<std::int64_t>(file.size() - kTail, 0), kTail);
    tail.resize(tail.find_last_not_of('\0') + 1);
    return !tail.ends_with(';');
  }
  const std::int64_t promised = BytesPromised(container, file);
  if (promised > 0) return promised > file.size();
  return std::nullopt;
}

}  // namespace seam
