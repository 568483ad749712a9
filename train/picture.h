#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/clip.pb.h"

namespace seam {

// Decodes the pictures of clips, JPEG or PNG. One thread at a time; one object for each.
class PictureDecoder {
 public:
  PictureDecoder();
  ~PictureDecoder();
  PictureDecoder(const PictureDecoder&) = delete;
  PictureDecoder& operator=(const PictureDecoder&) = delete;

  // Writes `encoded` as RGB to `pixels`, [size, size, 3] bytes, mirrored left to right if `flip`. Returns
  // what is wrong with the picture, or "".
  std::string Decode(std::string_view encoded, const CropSpec& crop, bool flip, std::uint8_t* pixels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
