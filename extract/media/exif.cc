#include "extract/media/exif.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace seam {
namespace {

constexpr std::size_t kMaxBlock = 1 << 16;
// Chunks before a picture's EXIF that are passed over: hostile files are made of empty ones.
constexpr int kMaxChunks = 10'000;

// An EXIF block is a TIFF file (TIFF 6.0, section 2): the byte order, the place of the first directory, and
// there entries of tag, type, count and value. 0: it is not there.
int OrientationTag(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);  // some writers keep it in PNG and WebP, too
  if (exif.starts_with(kPrefix)) exif.remove_prefix(kPrefix.size());
  const bool big = exif.starts_with(std::string_view("MM\0*", 4));
  if (!big && !exif.starts_with(std::string_view("II*\0", 4))) return 0;
  const auto number = [&](std::size_t place, std::size_t bytes) -> std::size_t {
    if (place + bytes > exif.size()) return 0;
    const std::string_view part = exif.substr(place, bytes);
    return static_cast<std::size_t>(big ? BigEndian(part) : LittleEndian(part));
  };
  constexpr std::size_t kEntryBytes = 12, kOrientation = 274, kShort = 3;
  const std::size_t directory = number(4, 4), entries = number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (entry + kEntryBytes > exif.size()) return 0;
    if (number(entry, 2) == kOrientation)
      return static_cast<int>(number(entry + 8, number(entry + 2, 2) == kShort ? 2 : 4));
  }
  return 0;
}

std::string ExifOfJpeg(const InputFile& file) {
  std::int64_t place = 2;
  for (int i = 0; i < kMaxChunks; ++i) {
    const std::string head = file.BytesAt(place, 10);
    if (head.size() < 10 || head[0] != '\xff' || head[1] == '\xda' || head[1] == '\xd9') return "";
    if (head[1] == '\xff') {  // fill
      ++place;
      continue;
    }
    const std::int64_t length = BigEndian(std::string_view(head).substr(2, 2));
    if (head[1] == '\xe1' && head.compare(4, 6, std::string("Exif\0\0", 6)) == 0)
      return file.BytesAt(place + 4, static_cast<std::size_t>(std::max<std::int64_t>(length - 2, 0)));
    place += 2 + std::max<std::int64_t>(length, 2);
  }
  return "";
}

std::string ExifOfPng(const InputFile& file) {
  std::int64_t place = 8;
  for (int i = 0; i < kMaxChunks; ++i) {
    const std::string head = file.BytesAt(place, 8);
    if (head.size() < 8) return "";
    const std::int64_t length = BigEndian(std::string_view(head).substr(0, 4));
    if (head.compare(4, 4, "eXIf") == 0)
      return file.BytesAt(place + 8, std::min<std::size_t>(static_cast<std::size_t>(length), kMaxBlock));
    place += 12 + length;
  }
  return "";
}

std::string ExifOfWebp(const InputFile& file) {
  std::int64_t place = 12;
  for (int i = 0; i < kMaxChunks; ++i) {
    const std::string head = file.BytesAt(place, 8);
    if (head.size() < 8) return "";
    const std::int64_t length = LittleEndian(std::string_view(head).substr(4, 4));
    if (head.compare(0, 4, "EXIF") == 0)
      return file.BytesAt(place + 8, std::min<std::size_t>(static_cast<std::size_t>(length), kMaxBlock));
    place += 8 + (length + 1) / 2 * 2;
  }
  return "";
}

}  // namespace

std::optional<Orientation> OrientationOfTag(int tag) {
  // From 1 on, where the stored row 0 and column 0 are shown: top left, top right, bottom right, bottom left,
  // left top, right top, right bottom, left bottom.
  constexpr std::array<Orientation, 8> kMeanings = {{{},
                                                     {false, true, false},
                                                     {false, true, true},
                                                     {false, false, true},
                                                     {true, false, false},
                                                     {true, true, false},
                                                     {true, true, true},
                                                     {true, false, true}}};
  if (tag < 1 || tag > static_cast<int>(kMeanings.size())) return std::nullopt;
  return kMeanings[static_cast<std::size_t>(tag - 1)];
}

std::optional<Orientation> ExifOrientation(const InputFile& file) {
  const std::string head = file.BytesAt(0, 12);
  std::string exif;
  if (head.starts_with("\xff\xd8")) exif = ExifOfJpeg(file);
  if (head.starts_with("\x89PNG")) exif = ExifOfPng(file);
  if (head.starts_with("RIFF") && head.ends_with("WEBP")) exif = ExifOfWebp(file);
  return OrientationOfTag(OrientationTag(exif));
}

}  // namespace seam
