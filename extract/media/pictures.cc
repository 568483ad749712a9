#include "extract/media/pictures.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/media/boxes.h"

namespace seam {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 29;

bool IsHeif(std::string_view head) {
  constexpr std::string_view kBrands[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1",
                                          "msf1", "mif2", "avif", "avis", "vvic", "jpeg", "j2ki"};
  if (head.size() < 16 || head.substr(4, 4) != "ftyp") return false;
  const std::int64_t length =
      std::min<std::int64_t>(BigEndian(head.substr(0, 4)), static_cast<std::int64_t>(head.size()));
  // The major brand, and behind its version those that the file is compatible with.
  for (std::size_t at = 8; at + 4 <= static_cast<std::size_t>(length); at += at == 8 ? 8 : 4) {
    const std::string_view brand = head.substr(at, 4);
    if (std::find(std::begin(kBrands), std::end(kBrands), brand) != std::end(kBrands)) return true;
  }
  return false;
}

// Where the file of a picture ends: some phones append their film to it, which is a file of its own.
std::int64_t EndOfHeif(const InputFile& file) {
  const std::optional<FileBox> first = FindBox(file, "ftyp");
  const std::optional<FileBox> second =
      first ? FindBox(file, "ftyp", first->offset + first->size) : std::nullopt;
  return second ? second->offset : file.size();
}

}  // namespace

bool IsHeifFilm(const InputFile& file) {
  const std::optional<FileBox> film = FindBox(file, "moov");
  return film && film->offset < EndOfHeif(file);
}

PictureKind KindOfPictures(std::string_view head) {
  for (const std::string_view mark : {std::string_view("II*\0", 4), std::string_view("MM\0*", 4),
                                      std::string_view("II+\0", 4), std::string_view("MM\0+", 4)}) {
    if (head.starts_with(mark)) return PictureKind::kTiff;
  }
  constexpr std::size_t kFlags = 20;
  constexpr int kAnimation = 2;
  if (head.size() > kFlags && head.starts_with("RIFF") && head.substr(8, 8) == "WEBPVP8X" &&
      (head[kFlags] & kAnimation) != 0)
    return PictureKind::kWebpAnimation;
  return IsHeif(head) ? PictureKind::kHeif : PictureKind::kNone;
}

void Pictures::CheckSize(const InputFile& file, const MediaLimits& limits, std::int64_t width,
                         std::int64_t height) {
  if (width > 0 && height > 0 && width <= limits.max_pixels / height) return;
  throw Error(file.path(), fmt::format("has frames of {}x{} pixels", width, height),
              fmt::format("--max-pixels allows {}", limits.max_pixels));
}

std::string Pictures::Content(const InputFile& file, std::int64_t size) {
  if (size > kMaxBytes) {
    throw Error(file.path(), fmt::format("is a picture of {} MiB", size >> 20),
                fmt::format("Seam reads at most {} MiB of this kind", kMaxBytes >> 20));
  }
  return file.BytesAt(0, static_cast<std::size_t>(size));
}

std::unique_ptr<Pictures> OpenPictures(const InputFile& file, const MediaLimits& limits) {
  constexpr std::size_t kHead = 256;
  switch (KindOfPictures(file.BytesAt(0, kHead))) {
    case PictureKind::kTiff:
      return OpenTiff(file, limits);
    case PictureKind::kHeif:
      return IsHeifFilm(file) ? nullptr : OpenHeif(file, limits, EndOfHeif(file));
    case PictureKind::kWebpAnimation:
      return OpenWebpAnimation(file, limits);
    case PictureKind::kNone:
      break;
  }
  return nullptr;
}

}  // namespace seam
