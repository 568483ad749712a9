#include "extract/media/file_end.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

extern "C" {
#include <libavcodec/dv_profile.h>
}

#include "extract/media/boxes.h"
#include "extract/media/stream_end.h"

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

// An AVI of more than a gigabyte is several RIFFs, one behind the other.
std::int64_t BytesOfAvi(const InputFile& file) {
  constexpr std::int64_t kHeader = 8;
  constexpr int kMostParts = 1 << 16;
  std::int64_t place = 0;
  for (int i = 0; i < kMostParts && place < file.size(); ++i) {
    const std::string head = file.BytesAt(place, 8);
    if (!head.starts_with("RIFF")) break;
    const std::int64_t size = head.size() < 8 ? 0 : LittleEndian(std::string_view(head).substr(4));
    if (size == 0) return 0;
    place += kHeader + size;
  }
  return place;
}

// What an EBML element of Matroska is, and where its content begins.
struct Element {
  std::int64_t id = 0, size = -1;  // -1: not known
  std::int64_t content = 0;
};

std::optional<Element> ElementAt(const InputFile& file, std::int64_t place) {
  constexpr std::size_t kMost = 12;
  const std::string head = file.BytesAt(place, kMost);
  if (head.empty()) return std::nullopt;
  const auto id_bytes = static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(head[0]))) + 1;
  if (id_bytes > 4 || head.size() <= id_bytes) return std::nullopt;
  std::string_view rest = std::string_view(head).substr(id_bytes);
  const std::size_t before = rest.size();
  const std::int64_t size = TakeEbmlNumber(&rest);
  if (rest.size() == before) return std::nullopt;
  return Element{BigEndian(std::string_view(head).substr(0, id_bytes)), size,
                 place + static_cast<std::int64_t>(head.size() - rest.size())};
}

// Through the elements of a segment without a size, and those of its clusters without one, as programs leave
// them that were ended while they recorded.
std::int64_t BytesOfLiveMatroska(const InputFile& file, std::int64_t begin) {
  constexpr std::int64_t kCluster = 0x1F43B675;
  constexpr int kMost = 1 << 20;
  std::int64_t place = begin;
  for (int i = 0; i < kMost && place < file.size(); ++i) {
    const std::optional<Element> element = ElementAt(file, place);
    if (!element) return file.size() - place < 12 ? file.size() + 1 : 0;
    if (element->size < 0 && element->id != kCluster) return 0;
    place = element->content + std::max<std::int64_t>(element->size, 0);
  }
  return place > file.size() ? place : 0;
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
  const auto begin = static_cast<std::int64_t>(head.size() - rest.size());
  return segment < 0 ? BytesOfLiveMatroska(file, begin) : begin + segment;
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

// By the number "filesize" of the script tag that begins an FLV.
std::int64_t BytesOfFlv(const InputFile& file) {
  constexpr std::size_t kLooked = 1 << 13;
  constexpr std::string_view kName(
      "\0\x08"
      "filesize\0",
      11);
  const std::string head = file.BytesAt(0, kLooked);
  const std::size_t place = head.find(kName);
  if (place == std::string::npos || place + kName.size() + 8 > head.size()) return 0;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i)
    bits = bits << 8U | static_cast<unsigned char>(head[place + kName.size() + i]);
  const auto size = std::bit_cast<double>(bits);
  constexpr double kMost = 1e15;
  return size > 0 && size < kMost ? static_cast<std::int64_t>(size) : 0;
}

// By the ranges that the first segment index of a fragmented MP4 lists (ISO/IEC 14496-12, 8.16.3).
std::int64_t BytesOfFragments(const InputFile& file) {
  constexpr std::int64_t kMost = 1 << 20;
  constexpr std::size_t kFixed = 12, kTimescale = 8, kReference = 12;
  const std::optional<FileBox> index = FindBox(file, "sidx");
  if (!index || index->size > kMost) return 0;
  const std::string bytes = file.BytesAt(index->offset, static_cast<std::size_t>(index->size));
  if (bytes.size() <= kFixed) return 0;
  const std::string_view all = bytes;
  const std::size_t width = all[8] == 0 ? 4 : 8;  // of its times and offsets
  const std::size_t counted = kFixed + kTimescale + 2 * width;
  if (all.size() < counted + 4) return 0;
  std::int64_t end = index->offset + index->size + BigEndian(all.substr(kFixed + kTimescale + width, width));
  const std::int64_t count = BigEndian(all.substr(counted + 2, 2));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t at = counted + 4 + static_cast<std::size_t>(i) * kReference;
    if (at + kReference > all.size()) return 0;
    end += BigEndian(all.substr(at, 4)) & 0x7FFFFFFF;
  }
  return end;
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

// Block by block to the one that ends it (GIF89a, appendix B); none where there is something else.
std::optional<bool> GifEndsEarly(const InputFile& file) {
  constexpr std::size_t kHead = 13, kImageHead = 10;
  const auto table = [](char flags) {
    return (flags & 0x80) != 0 ? std::int64_t{3} << ((flags & 7) + 1) : std::int64_t{0};
  };
  const std::string head = file.BytesAt(0, kHead);
  if (head.size() < kHead) return true;
  std::int64_t place = static_cast<std::int64_t>(kHead) + table(head[10]);
  while (!file.Stopped()) {
    const std::string block = file.BytesAt(place, kImageHead);
    if (block.empty()) return true;
    if (block[0] == ';') return false;
    if (block[0] == ',') {
      if (block.size() < kImageHead) return true;
      place += static_cast<std::int64_t>(kImageHead) + table(block[9]) + 1;
    } else if (block[0] == '!') {
      place += 2;
    } else {
      return std::nullopt;
    }
    for (std::string size = file.BytesAt(place++, 1); size != std::string(1, '\0');
         size = file.BytesAt(place++, 1)) {
      if (size.empty()) return true;
      place += static_cast<unsigned char>(size[0]);
    }
  }
  return std::nullopt;
}

std::int64_t BytesPromised(std::string_view container, const InputFile& file) {
  if (container == "avi") return BytesOfAvi(file);
  if (container == "webp_pipe") return BytesOfRiff(file);
  if (container == "flv") return BytesOfFlv(file);
  if (container.starts_with("mov")) return BytesOfFragments(file);
  if (container.starts_with("matroska")) return BytesOfMatroska(file);
  if (container == "asf") return BytesOfAsf(file);
  if (container == "mxf") return BytesOfMxf(file);
  if (container == "dv") return BytesOfDv(file);
  if (container == "dhav") return BytesOfDav(file);
  if (container == "apng" || container == "png_pipe") return EndOfPng(file).value_or(file.size() + 1);
  return 0;
}

}  // namespace

// Chunk by chunk to the one that ends it.
std::optional<std::int64_t> EndOfPng(const InputFile& file) {
  constexpr int kMostChunks = 1 << 18;
  std::int64_t place = 8;
  for (int i = 0; i < kMostChunks && place < file.size(); ++i) {
    const std::string head = file.BytesAt(place, 8);
    if (head.size() < 8) break;
    place += BigEndian(std::string_view(head).substr(0, 4)) + 12;
    if (head.ends_with("IEND")) return place <= file.size() ? std::optional(place) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<bool> IsCutOff(std::string_view container, const InputFile& file) {
  if (container == "mpegts") return TransportStreamEndsEarly(file);
  if (container == "mpeg") return ProgramStreamEndsEarly(file);
  if (container == "ogg") return OggEndsEarly(file);
  if (container == "gif") return GifEndsEarly(file);
  const std::int64_t promised = BytesPromised(container, file);
  if (promised > 0) return promised > file.size();
  return std::nullopt;
}

}  // namespace seam
