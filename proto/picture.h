#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/clip.pb.h"

namespace seam {

// The pictures of clips, encoded as their CropSpec says: JPEG with full colour resolution (4:4:4), or PNG.
// Training and inference decode with the same code, and inference encodes its crops first, so that a network
// always sees what it was trained on.

// `pixels`: RGB [size, size, 3], `stride` bytes from row to row. An Error for an encoding that is unknown.
std::string EncodePicture(const std::uint8_t* pixels, std::size_t stride, const CropSpec& crop);

// One thread at a time; one object for each.
class PictureDecoder {
 public:
  PictureDecoder();
  ~PictureDecoder();
  PictureDecoder(const PictureDecoder&) = delete;
  PictureDecoder& operator=(const PictureDecoder&) = delete;

  // Writes `encoded` as RGB to `pixels`, [size, size, 3] bytes. Returns what is wrong with the picture,
  // or "".
  std::string Decode(std::string_view encoded, const CropSpec& crop, std::uint8_t* pixels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
