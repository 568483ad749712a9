#include "proto/picture_codec.h"

#include <png.h>
#include <turbojpeg.h>

#include <csetjmp>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

using Turbo = std::unique_ptr<void, int (*)(tjhandle)>;

constexpr std::string_view kPngMark("\x89PNG\r\n\x1a\n", 8);

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// As Adobe's files hold it, every channel inverted: what ink leaves of the light.
void CmykToPixels(const std::vector<std::uint8_t>& cmyk, int channels, std::uint8_t* pixels) {
  constexpr int kFull = 255;
  for (std::size_t i = 0; i + 3 < cmyk.size(); i += 4) {
    const int black = cmyk[i + 3];
    const int red = cmyk[i] * black / kFull, green = cmyk[i + 1] * black / kFull,
              blue = cmyk[i + 2] * black / kFull;
    if (channels == 1) {
      *pixels++ = static_cast<std::uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
    } else {
      for (const int value : {red, green, blue}) *pixels++ = static_cast<std::uint8_t>(value);
    }
  }
}

std::string DecodeJpeg(std::string_view encoded, int channels, std::uint8_t* pixels) {
  const Turbo turbo(tjInitDecompress(), tjDestroy);
  if (turbo == nullptr) return fmt::format("libjpeg-turbo: {}", tjGetErrorStr2(nullptr));
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (tjDecompressHeader3(turbo.get(), Bytes(encoded), encoded.size(), &width, &height, &sampling,
                          &colours) != 0)
    return fmt::format("not a JPEG picture: {}", tjGetErrorStr2(turbo.get()));
  const auto decode = [&](std::uint8_t* output, int format) {
    return tjDecompress2(turbo.get(), Bytes(encoded), encoded.size(), output, width, 0, height, format, 0) ==
           0;
  };
  const bool has_ink = colours == TJCS_CMYK || colours == TJCS_YCCK;
  std::vector<std::uint8_t> cmyk(
      has_ink ? std::size_t{4} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height) : 0);
  const bool good =
      has_ink ? decode(cmyk.data(), TJPF_CMYK) : decode(pixels, channels == 1 ? TJPF_GRAY : TJPF_RGB);
  if (!good) return fmt::format("a damaged JPEG picture: {}", tjGetErrorStr2(turbo.get()));
  if (has_ink) CmykToPixels(cmyk, channels, pixels);
  return "";
}

std::string DecodePng(std::string_view encoded, int channels, std::uint8_t* pixels) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> free_at_end(&image, png_image_free);
  if (png_image_begin_read_from_memory(&image, encoded.data(), encoded.size()) == 0)
    return fmt::format("a damaged PNG picture: {}", image.message);
  // Files of 16 bits that say nothing hold the same curve as those of 8.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  const bool has_colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  const bool has_alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  // libpng would blend what is transparent with a background, and weigh grey in linear light.
  image.format = (has_colour ? PNG_FORMAT_FLAG_COLOR : 0U) | (has_alpha ? PNG_FORMAT_FLAG_ALPHA : 0U);
  const int stored = (has_colour ? 3 : 1) + (has_alpha ? 1 : 0);
  std::vector<std::uint8_t> buffer(stored == channels ? 0 : PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, stored == channels ? pixels : buffer.data(), 0, nullptr) == 0)
    return fmt::format("a damaged PNG picture: {}", image.message);
  for (std::size_t i = 0; i < buffer.size(); i += static_cast<std::size_t>(stored)) {
    const std::uint8_t *from = &buffer[i], red = from[0];
    if (channels == 1) {
      // The weights that libpng itself takes for 0.299 and 0.587, of 32768.
      *pixels++ =
          has_colour ? static_cast<std::uint8_t>((9797 * red + 19234 * from[1] + 3737 * from[2]) >> 15) : red;
    } else {
      *pixels++ = red;
      *pixels++ = has_colour ? from[1] : red;
      *pixels++ = has_colour ? from[2] : red;
    }
  }
  return "";
}

void AppendPng(png_structp png, png_bytep bytes, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

}  // namespace

std::string EncodeJpeg(const PixelView& view, int quality, JpegSampling sampling) {
  const Turbo turbo(tjInitCompress(), tjDestroy);
  const bool is_grey = view.channels == 1;
  const int colour = is_grey ? TJSAMP_GRAY : sampling == JpegSampling::k444 ? TJSAMP_444 : TJSAMP_420;
  std::string bytes(tjBufSize(view.width, view.height, colour), '\0');
  auto* start = reinterpret_cast<unsigned char*>(bytes.data());
  unsigned long length = bytes.size();
  if (tjCompress2(turbo.get(), view.pixels, view.width, static_cast<int>(view.stride), view.height,
                  is_grey ? TJPF_GRAY : TJPF_RGB, &start, &length, colour, quality,
                  TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC) != 0)
    throw Error("", fmt::format("a picture cannot be encoded: {}", tjGetErrorStr2(turbo.get())));
  bytes.resize(length);
  return bytes;
}

std::string EncodePng(const PixelView& view, PngEffort effort) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  // libpng jumps here when it fails; nothing between has a destructor.
  if (info == nullptr || setjmp(png_jmpbuf(png)) != 0) {  // NOLINT(cert-err52-cpp): libpng has no other way
    png_destroy_write_struct(&png, &info);
    throw Error("",
                fmt::format("a picture of {}x{} pixels cannot be encoded as PNG", view.width, view.height));
  }
  constexpr int kFastLevel = 1, kSmallestLevel = 9, kRunLengths = 3, kFilteredStrategy = 1;
  png_set_write_fn(png, &bytes, AppendPng, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(view.width), static_cast<png_uint_32>(view.height), 8,
               view.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, effort == PngEffort::kFast ? PNG_FILTER_SUB : PNG_ALL_FILTERS);
  png_set_compression_level(png, effort == PngEffort::kFast ? kFastLevel : kSmallestLevel);
  png_set_compression_strategy(png, effort == PngEffort::kFast ? kRunLengths : kFilteredStrategy);
  png_write_info(png, info);
  for (int y = 0; y < view.height; ++y)
    png_write_row(png, view.pixels + static_cast<std::size_t>(y) * view.stride);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

void Recompress(const PixelView& view, int quality, std::uint8_t* pixels) {
  const std::string problem =
      DecodePixels(EncodeJpeg(view, quality, JpegSampling::k420), view.channels, pixels);
  if (!problem.empty()) throw Error("", problem);
}

PictureHead ReadPictureHead(std::string_view encoded) {
  constexpr std::size_t kWidth = 16, kHeight = 20, kHead = 24;
  if (encoded.starts_with(kPngMark)) {
    if (encoded.size() < kHead) return {PictureFormat::kPng, 0, 0};
    // IHDR, the first chunk.
    return {PictureFormat::kPng, png_get_uint_32(Bytes(encoded) + kWidth),
            png_get_uint_32(Bytes(encoded) + kHeight)};
  }
  if (!encoded.starts_with("\xff\xd8\xff")) return {};
  PictureHead head = {PictureFormat::kJpeg, 0, 0};
  const Turbo turbo(tjInitDecompress(), tjDestroy);
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (turbo != nullptr && tjDecompressHeader3(turbo.get(), Bytes(encoded), encoded.size(), &width, &height,
                                              &sampling, &colours) == 0) {
    head.width = width;
    head.height = height;
  }
  return head;
}

std::string DecodePixels(std::string_view encoded, int channels, std::uint8_t* pixels) {
  return encoded.starts_with(kPngMark) ? DecodePng(encoded, channels, pixels)
                                       : DecodeJpeg(encoded, channels, pixels);
}

}  // namespace seam
