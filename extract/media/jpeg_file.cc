#include "extract/media/jpeg_file.h"

#include <optional>
#include <string>

namespace seam {
namespace {

constexpr int kEndOfFile = -1;

// Bytes one after another, through a buffer.
class ByteStream {
 public:
  ByteStream(const InputFile& file, std::int64_t offset) : file_(file), start_(offset) {}

  std::int64_t place() const { return start_ + static_cast<std::int64_t>(position_); }

  int Next() {
    if (position_ == buffer_.size() && !Refill()) return kEndOfFile;
    return static_cast<unsigned char>(buffer_[position_++]);
  }

  void GoTo(std::int64_t offset) {
    if (offset >= start_ && offset <= start_ + static_cast<std::int64_t>(buffer_.size())) {
      position_ = static_cast<std::size_t>(offset - start_);
      return;
    }
    start_ = offset;
    position_ = 0;
    buffer_.clear();
  }

  // Moves behind the next FF; false at the end of the file.
  bool PassMark() {
    for (;;) {
      const std::size_t found = buffer_.find('\xff', position_);
      if (found != std::string::npos) {
        position_ = found + 1;
        return true;
      }
      position_ = buffer_.size();
      if (!Refill()) return false;
    }
  }

 private:
  bool Refill() {
    constexpr std::size_t kBytes = 1 << 16;
    start_ += static_cast<std::int64_t>(buffer_.size());
    position_ = 0;
    buffer_ = file_.Stopped() ? "" : file_.BytesAt(start_, kBytes);
    return !buffer_.empty();
  }

  const InputFile& file_;
  std::int64_t start_;  // of the buffer
  std::string buffer_;
  std::size_t position_ = 0;
};

struct Picture {
  std::int64_t end = 0;
  std::int64_t size = 0;     // height and width, as their four bytes
  bool names_parts = false;  // an MPF segment is there
};

// The frame header of JPEG-LS, where a bit of 0 follows each byte of ones in a scan (ISO/IEC 14495-1).
constexpr int kJpegLs = 0xF7;

bool IsFrameHeader(int marker) {
  if (marker == kJpegLs) return true;
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

bool HasNoLength(int marker) {
  return marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8) || marker == 0xFF;
}

// The picture that begins at `offset`; none where its end is missing. Between segments and inside of scans
// everything up to the next marker is passed over: FF 00 and the restart markers are a scan's own.
std::optional<Picture> PictureAt(const InputFile& file, std::int64_t offset) {
  ByteStream bytes(file, offset + 2);
  Picture picture;
  bool is_ls = false;
  while (bytes.PassMark()) {
    const int marker = bytes.Next();
    if (marker == 0xFF) bytes.GoTo(bytes.place() - 1);
    if (HasNoLength(marker) || (is_ls && marker < 0x80)) continue;
    is_ls = is_ls || marker == kJpegLs;
    if (marker == 0xD9) {
      picture.end = bytes.place();
      return picture;
    }
    const std::int64_t segment = bytes.place();
    const std::string head = file.BytesAt(segment, 8);
    if (head.size() < 8) return std::nullopt;
    if (IsFrameHeader(marker)) picture.size = BigEndian(std::string_view(head).substr(3, 4));
    if (marker == 0xE2 && head.compare(2, 4, std::string("MPF\0", 4)) == 0) picture.names_parts = true;
    bytes.GoTo(segment + std::max<std::int64_t>(BigEndian(std::string_view(head).substr(0, 2)), 2));
  }
  return std::nullopt;
}

bool BeginsPicture(const InputFile& file, std::int64_t offset) {
  return file.BytesAt(offset, 3) == "\xff\xd8\xff";
}

}  // namespace

JpegFile LookIntoJpeg(const InputFile& file) {
  JpegFile found;
  found.is_jpeg = BeginsPicture(file, 0);
  if (!found.is_jpeg) return found;
  const std::optional<Picture> first = PictureAt(file, 0);
  if (!first) return found;
  found.has_end = true;
  found.first_end = first->end;
  constexpr int kFilm = 3;
  int pictures = 1;
  std::int64_t end = first->end;
  while (!first->names_parts && pictures < kFilm && BeginsPicture(file, end)) {
    const std::optional<Picture> next = PictureAt(file, end);
    if (!next || next->size != first->size) break;
    ++pictures;
    end = next->end;
  }
  found.is_film = pictures == kFilm;
  return found;
}

}  // namespace seam
