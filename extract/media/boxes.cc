#include "extract/media/boxes.h"

#include <string>

namespace seam {
namespace {

// A size of 1 means 64 bits behind the name, 0 the rest of the file.
std::optional<FileBox> FindBetween(const InputFile& file, std::string_view name, std::int64_t begin,
                                   std::int64_t end) {
  constexpr int kMostBoxes = 1000;
  FileBox box = {begin, 0};
  for (int i = 0; i < kMostBoxes; ++i) {
    const std::string head = file.BytesAt(box.offset, 16);
    if (head.size() < 8) return std::nullopt;
    const std::int64_t rest = end - box.offset;
    if (rest < 8) return std::nullopt;
    box.size = BigEndian(std::string_view(head).substr(0, 4));
    if (box.size == 1) box.size = BigEndian(std::string_view(head).substr(8));
    if (box.size == 0) box.size = rest;
    if (head.compare(4, 4, name) == 0) return box;
    if (box.size < 8 || box.size > rest) return std::nullopt;
    box.offset += box.size;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FileBox> FindBox(const InputFile& file, std::string_view name, std::int64_t from) {
  return FindBetween(file, name, from, file.size());
}

std::optional<FileBox> FindBox(const InputFile& file, std::string_view name, const FileBox& outer) {
  const bool is_long = BigEndian(file.BytesAt(outer.offset, 4)) == 1;
  return FindBetween(file, name, outer.offset + (is_long ? 16 : 8), outer.offset + outer.size);
}

}  // namespace seam
