#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extract/media/input_file.h"
#include "extract/media/media_limits.h"
#include "extract/media/video_frame.h"

namespace seam {

// Pictures that libav does not decode, or not well: TIFF with all its ways of coding (libtiff), HEIC and AVIF
// (libheif), animated WebP (libwebp). The same limits hold.

enum class PictureKind : std::uint8_t { kNone, kTiff, kHeif, kWebpAnimation };

// What a file is of these, by its first bytes.
PictureKind KindOfPictures(std::string_view head);

// The pictures of one file, in order.
class Pictures {
 public:
  virtual ~Pictures() = default;
  // When each is shown, in seconds, ascending.
  const std::vector<double>& times() const { return times_; }
  // The next one; none at the end, and where the rest cannot be decoded.
  virtual std::optional<VideoFrame> Next() = 0;
  // What was wrong with what has been decoded; "" when nothing was.
  const std::string& damage() const { return damage_; }

 protected:
  // The size of a picture is looked at before it is decoded: an Error when it passes the limit.
  static void CheckSize(const InputFile& file, const MediaLimits& limits, std::int64_t width,
                        std::int64_t height);
  // The first `size` bytes of the file, for libraries that want them in memory.
  static std::string Content(const InputFile& file, std::int64_t size);

  std::vector<double> times_ = {0};
  std::string damage_;
};

// Whether a HEIF file is a film.
bool IsHeifFilm(const InputFile& file);

// nullptr for a file of another kind; an Error when it is damaged from the beginning or passes a limit.
// `file` outlives the pictures.
std::unique_ptr<Pictures> OpenPictures(const InputFile& file, const MediaLimits& limits);

// One for each library. The picture of a HEIF file ends at the byte `end`.
std::unique_ptr<Pictures> OpenTiff(const InputFile& file, const MediaLimits& limits);
std::unique_ptr<Pictures> OpenHeif(const InputFile& file, const MediaLimits& limits, std::int64_t end);
std::unique_ptr<Pictures> OpenWebpAnimation(const InputFile& file, const MediaLimits& limits);

}  // namespace seam
