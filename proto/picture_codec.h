#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace seam {

// Pictures of 8 bits a channel as JPEG (ITU-T T.81, by libjpeg-turbo) and PNG (ISO 15948, by libpng): the one
// code that writes them, and that reads them outside the isolated decoder.

// Pixels in memory: [height, width, channels], `stride` bytes from row to row; 1 channel: grey, 3: RGB.
struct PixelView {
  const std::uint8_t* pixels = nullptr;
  std::size_t stride = 0;
  int width = 0, height = 0, channels = 3;
};

// Of a cv::Mat of bytes, which outlives it.
template <class Mat>
PixelView MakeView(const Mat& picture) {
  return {picture.data, picture.step, picture.cols, picture.rows, picture.channels()};
}

enum class JpegSampling : std::uint8_t { k444, k420 };  // of colour; grey pictures have none
enum class PngEffort : std::uint8_t { kFast, kSmallest };

// `quality`: 1 to 100. An Error when the sides are more than the format allows.
std::string EncodeJpeg(const PixelView& view, int quality, JpegSampling sampling);
std::string EncodePng(const PixelView& view, PngEffort effort = PngEffort::kFast);

enum class PictureFormat : std::uint8_t { kOther, kJpeg, kPng };

// What the head says; sides are 0 where it cannot be read.
struct PictureHead {
  PictureFormat format = PictureFormat::kOther;
  std::int64_t width = 0, height = 0;
};
PictureHead ReadPictureHead(std::string_view encoded);

// Writes a picture of the sides that ReadPictureHead() tells to `pixels`, packed, as RGB (3 channels) or grey
// (1: Y of a JPEG, and 0.299 R + 0.587 G + 0.114 B of a PNG). Alpha is dropped, CMYK becomes RGB. Returns
// what is wrong with the picture, or "".
std::string DecodePixels(std::string_view encoded, int channels, std::uint8_t* pixels);

// `view` through JPEG of 4:2:0, to `pixels`, packed; `pixels` may be those of `view`, if they are packed.
void Recompress(const PixelView& view, int quality, std::uint8_t* pixels);

}  // namespace seam
