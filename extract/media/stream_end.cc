#include "extract/media/stream_end.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace seam {
namespace {

using namespace std::string_view_literals;

constexpr std::int64_t kTail = std::int64_t{1} << 22;

unsigned ByteAt(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// The size of a transport stream's packets, where in each one its mark stands, and where the first whole one
// begins: what was cut out of a stream may begin within one.
struct PacketSize {
  std::int64_t bytes = 0, mark = 0, first = 0;
};

// Plain, with times of arrival, with error correction. None where the file's first packets are of no size.
std::optional<PacketSize> FindPacketSize(const InputFile& file) {
  constexpr std::array<PacketSize, 3> kSizes = {{{188, 0}, {192, 4}, {204, 0}}};
  constexpr std::int64_t kMarks = 5;
  const std::string head = file.BytesAt(0, 1 << 12);
  const auto length = static_cast<std::int64_t>(head.size());
  const auto fits = [&](const PacketSize& size, std::int64_t first, std::int64_t least) {
    std::int64_t marks = 0;
    for (std::int64_t at = first + size.mark; marks < kMarks && at < length; at += size.bytes, ++marks) {
      if (head[static_cast<std::size_t>(at)] != 'G') return false;
    }
    return marks >= least;
  };
  for (const PacketSize& size : kSizes) {
    if (fits(size, 0, 1)) return size;
  }
  for (const PacketSize& size : kSizes) {
    for (std::int64_t first = 1; first < size.bytes; ++first) {
      if (fits(size, first, kMarks)) return PacketSize{size.bytes, size.mark, first};
    }
  }
  return std::nullopt;
}

// What has come of the PES packet that a stream is in.
struct OpenPacket {
  std::int64_t promised = 0, come = 0;  // bytes; promised 0: it does not say
  bool full = false;                    // its last transport packet held nothing else
};

bool IsUnfinished(const OpenPacket& packet) {
  return packet.promised > 0 ? packet.come < packet.promised : packet.full;
}

unsigned ReadPid(std::string_view packet) { return (ByteAt(packet, 1) & 0x1F) << 8U | ByteAt(packet, 2); }

// Takes in one packet of 188 bytes.
void Follow(std::string_view packet, std::map<unsigned, OpenPacket>* streams) {
  constexpr std::size_t kPesHead = 6, kPesLength = 4;
  constexpr unsigned kNull = 0x1FFF, kScrambled = 0xC0;
  if (packet[0] != 'G' || (ByteAt(packet, 3) & kScrambled) != 0) return;
  const unsigned pid = ReadPid(packet);
  const bool has_fields = (ByteAt(packet, 3) & 0x20) != 0, has_payload = (ByteAt(packet, 3) & 0x10) != 0;
  const std::size_t begin = has_fields ? 5 + ByteAt(packet, 4) : 4;
  if (pid == kNull || !has_payload || begin >= packet.size()) return;
  const std::string_view payload = packet.substr(begin);
  const bool starts = (ByteAt(packet, 1) & 0x40) != 0;
  if (starts) {
    streams->erase(pid);
    if (!payload.starts_with("\0\0\1"sv) || payload.size() < kPesHead) return;  // a table
    const std::int64_t length = BigEndian(payload.substr(kPesLength, 2));
    (*streams)[pid].promised = length == 0 ? 0 : length + static_cast<std::int64_t>(kPesHead);
  }
  const auto stream = streams->find(pid);
  if (stream == streams->end()) return;
  stream->second.come += static_cast<std::int64_t>(payload.size());
  stream->second.full = !has_fields;
}

// The size of the unit of a program stream at `at`; 0 where none begins, -1 where its head is cut off.
std::int64_t ProgramUnitBytes(std::string_view bytes, std::size_t at) {
  constexpr unsigned kEnd = 0xB9, kPack = 0xBA, kFirst = 0xBB;
  const std::string_view rest = bytes.substr(at);
  if (!rest.substr(0, 3).starts_with("\0\0\1"sv.substr(0, std::min<std::size_t>(rest.size(), 3)))) return 0;
  if (rest.size() < 4) return -1;
  const unsigned kind = ByteAt(rest, 3);
  if (kind == kEnd) return 4;
  if (kind == kPack) {
    constexpr std::size_t kMpeg1 = 12, kMpeg2 = 14;
    if (rest.size() < kMpeg2) return -1;
    return (ByteAt(rest, 4) & 0xC0) == 0x40
               ? static_cast<std::int64_t>(kMpeg2 + (ByteAt(rest, kMpeg2 - 1) & 7))
               : static_cast<std::int64_t>(kMpeg1);
  }
  if (kind < kFirst) return 0;
  if (rest.size() < 6) return -1;
  return 6 + BigEndian(rest.substr(4, 2));
}

// Where the data of a PES packet of MPEG-1 or MPEG-2 begin.
std::size_t PesHead(std::string_view packet) {
  constexpr std::size_t kFixed = 9;
  if (packet.size() < kFixed) return packet.size();
  if ((ByteAt(packet, 6) & 0xC0) == 0x80) return std::min(kFixed + ByteAt(packet, 8), packet.size());
  std::size_t at = 6;
  while (at < packet.size() && ByteAt(packet, at) == 0xFF) ++at;
  if (at < packet.size() && (ByteAt(packet, at) & 0xC0) == 0x40) at += 2;
  const unsigned times = at < packet.size() ? ByteAt(packet, at) & 0xF0 : 0;
  return std::min(at + (times == 0x20 ? 5U : times == 0x30 ? 10U : 1U), packet.size());
}

// The rows of macroblocks, by the last sequence header; 0: none is there, or so many that slices are
// numbered in another way.
unsigned MacroblockRows(std::string_view bytes) {
  constexpr unsigned kMost = 2800;
  const std::size_t at = bytes.rfind("\0\0\1\xB3"sv);
  if (at == std::string_view::npos || at + 7 > bytes.size()) return 0;
  const unsigned height = (ByteAt(bytes, at + 5) & 0xF) << 8U | ByteAt(bytes, at + 6);
  return height > kMost ? 0 : (height + 15) / 16;
}

// Whether the last picture of `video` has its last row, of which each has a slice in MPEG-2; a slice of
// MPEG-1 may hold the whole picture.
bool LastPictureIsWhole(std::string_view video, unsigned rows) {
  const std::size_t picture = video.rfind("\0\0\1\0"sv);
  if (picture == std::string_view::npos || rows == 0) return true;
  unsigned last = 0;
  bool is_mpeg2 = false;
  for (std::size_t at = video.find("\0\0\1"sv, picture + 4);
       at != std::string_view::npos && at + 4 <= video.size(); at = video.find("\0\0\1"sv, at + 3)) {
    constexpr unsigned kMostSlice = 0xAF, kExtension = 0xB5, kCoding = 8, kFrame = 3;
    const unsigned code = ByteAt(video, at + 3);
    if (code >= 1 && code <= kMostSlice) last = std::max(last, code);
    if (code == kExtension && at + 7 <= video.size() && ByteAt(video, at + 4) >> 4U == kCoding) {
      is_mpeg2 = true;
      // A field has half the rows.
      if ((ByteAt(video, at + 6) & 3U) != kFrame) rows = (rows + 1) / 2;
    }
  }
  return !is_mpeg2 || last >= rows;
}

// Where the file ends without the zeros that recorders and rescued disks leave behind it.
std::int64_t EndWithoutZeros(const InputFile& file) {
  constexpr std::int64_t kStep = 1 << 16;
  for (std::int64_t end = file.size(); end > 0 && !file.Stopped();) {
    const std::int64_t begin = std::max<std::int64_t>(end - kStep, 0);
    const std::string bytes = file.BytesAt(begin, static_cast<std::size_t>(end - begin));
    const std::size_t last = bytes.find_last_not_of('\0');
    if (last != std::string::npos) return begin + static_cast<std::int64_t>(last) + 1;
    end = begin;
  }
  return file.size();
}

}  // namespace

std::optional<bool> TransportStreamEndsEarly(const InputFile& file) {
  const std::optional<PacketSize> size = FindPacketSize(file);
  if (!size) {
    const auto whole = [&](std::int64_t bytes) { return file.size() % bytes == 0; };
    return !whole(188) && !whole(192) && !whole(204);
  }
  // The last packet may end with zeros of its own.
  const std::int64_t packets = (EndWithoutZeros(file) - size->first + size->bytes - 1) / size->bytes;
  const std::int64_t end = size->first + packets * size->bytes;
  if (end > file.size() || (end < file.size() && file.size() - end < size->bytes)) return true;
  const std::int64_t count = std::min(packets, kTail / size->bytes);
  const std::string tail =
      file.BytesAt(end - count * size->bytes, static_cast<std::size_t>(count * size->bytes));
  std::map<unsigned, OpenPacket> streams;
  constexpr std::size_t kPacket = 188;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i * size->bytes + size->mark);
    if (at + kPacket <= tail.size()) Follow(std::string_view(tail).substr(at, kPacket), &streams);
  }
  return std::any_of(streams.begin(), streams.end(),
                     [](const auto& entry) { return IsUnfinished(entry.second); });
}

bool IsJoinedWithin(const InputFile& file, unsigned pid, std::int64_t begin, std::int64_t end) {
  const std::optional<PacketSize> size = FindPacketSize(file);
  if (!size) return false;
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  constexpr std::size_t kPacket = 188;
  const std::int64_t first = begin - (begin - size->first) % size->bytes;
  const std::int64_t count = std::min(end - first, kMost) / size->bytes + 1;
  const std::string bytes = file.BytesAt(first, static_cast<std::size_t>(count * size->bytes));
  std::map<unsigned, OpenPacket> streams;
  std::optional<unsigned> counter;
  bool has_table = false, joined = false;  // a table since the stream's last packet
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i * size->bytes + size->mark);
    if (at + kPacket > bytes.size()) break;
    const std::string_view packet = std::string_view(bytes).substr(at, kPacket);
    const unsigned here = ReadPid(packet);
    has_table = has_table || here == 0;
    if (here != pid || (ByteAt(packet, 3) & 0x10) == 0) continue;  // without data it does not count
    const unsigned next = ByteAt(packet, 3) & 0xF;
    if (counter && next != *counter && next != ((*counter + 1) & 0xF)) {
      const auto before = streams.find(pid);
      const bool starts = (ByteAt(packet, 1) & 0x40) != 0;
      if (!starts || !has_table || before == streams.end() || IsUnfinished(before->second)) return false;
      joined = true;
    }
    counter = next;
    has_table = false;
    Follow(packet, &streams);
  }
  return joined;
}

std::optional<bool> ProgramStreamEndsEarly(const InputFile& file) {
  const std::int64_t begin = std::max<std::int64_t>(file.size() - kTail, 0);
  const std::string tail = file.BytesAt(begin, static_cast<std::size_t>(kTail));
  const std::string_view bytes = tail;
  std::size_t at = bytes.find("\0\0\1\xBA"sv);
  if (at == std::string_view::npos) return std::nullopt;
  std::string video;
  while (at < bytes.size()) {
    const std::int64_t size = ProgramUnitBytes(bytes, at);
    if (size < 0 || size > static_cast<std::int64_t>(bytes.size() - at)) return true;
    if (size == 0) {  // zeros behind the end, or damage: the next pack counts
      const std::size_t next = bytes.find("\0\0\1\xBA"sv, at);
      if (next == std::string_view::npos) break;
      at = next;
      continue;
    }
    constexpr unsigned kVideo = 0xE0, kVideoMask = 0xF0;
    const std::string_view unit = bytes.substr(at, static_cast<std::size_t>(size));
    if ((ByteAt(unit, 3) & kVideoMask) == kVideo) video += unit.substr(PesHead(unit));
    at += static_cast<std::size_t>(size);
  }
  constexpr std::size_t kHead = 1 << 20;
  // The size may have changed since the beginning.
  const unsigned rows = MacroblockRows(video);
  return !LastPictureIsWhole(video, rows > 0 ? rows : MacroblockRows(file.BytesAt(0, kHead)));
}

std::optional<bool> OggEndsEarly(const InputFile& file) {
  constexpr std::int64_t kTwoPages = 2 * 65307;
  constexpr std::size_t kHead = 27, kFlags = 5;
  constexpr unsigned kEnds = 4;
  const std::int64_t begin = std::max<std::int64_t>(file.size() - kTwoPages, 0);
  const std::string tail = file.BytesAt(begin, static_cast<std::size_t>(kTwoPages));
  const std::size_t last = tail.rfind("OggS\0"sv);
  if (last == std::string::npos) return std::nullopt;
  const std::string_view page = std::string_view(tail).substr(last);
  if (page.size() < kHead) return true;
  const std::size_t segments = ByteAt(page, kHead - 1);
  if (page.size() < kHead + segments) return true;
  std::size_t whole = kHead + segments;
  for (std::size_t i = 0; i < segments; ++i) whole += ByteAt(page, kHead + i);
  return whole > page.size() || (ByteAt(page, kFlags) & kEnds) == 0;
}

}  // namespace seam
