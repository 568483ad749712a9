#include "proto/picture.h"

#include <turbojpeg.h>

#include <fmt/format.h>

#include "base/error.h"
#include "proto/picture_codec.h"

namespace seam {
namespace {

std::string WrongSize(std::int64_t width, std::int64_t height, int size) {
  return fmt::format("the picture is {}x{}, but its CropSpec says {}x{}", width, height, size, size);
}

std::string DecodeJpeg(tjhandle handle, std::string_view encoded, int size, std::uint8_t* pixels) {
  const auto* data = reinterpret_cast<const unsigned char*>(encoded.data());
  int width = 0, height = 0, subsampling = 0, colorspace = 0;
  if (tjDecompressHeader3(handle, data, encoded.size(), &width, &height, &subsampling, &colorspace) != 0) {
    return fmt::format("not a JPEG picture: {}", tjGetErrorStr2(handle));
  }
  if (width != size || height != size) return WrongSize(width, height, size);
  if (tjDecompress2(handle, data, encoded.size(), pixels, size, 3 * size, size, TJPF_RGB, 0) != 0) {
    return fmt::format("a damaged JPEG picture: {}", tjGetErrorStr2(handle));
  }
  return "";
}

std::string DecodePng(std::string_view encoded, int size, std::uint8_t* pixels) {
  const PictureHead head = ReadPictureHead(encoded);
  if (head.format != PictureFormat::kPng || head.width == 0) return "not a PNG picture";
  if (head.width != size || head.height != size) return WrongSize(head.width, head.height, size);
  return DecodePixels(encoded, 3, pixels);
}

}  // namespace

std::string EncodePicture(const std::uint8_t* pixels, std::size_t stride, const CropSpec& crop) {
  const int size = static_cast<int>(crop.size());
  const PixelView view = {pixels, stride, size, size, 3};
  if (crop.encoding() == "jpeg")
    return EncodeJpeg(view, static_cast<int>(crop.quality()), JpegSampling::k444);
  if (crop.encoding() == "png") return EncodePng(view);
  throw Error("", fmt::format("crops cannot be encoded as '{}'; jpeg and png are known", crop.encoding()));
}

struct PictureDecoder::Impl {
  Impl() : handle(tjInitDecompress()) {
    if (handle == nullptr) throw Error("", fmt::format("libjpeg-turbo: {}", tjGetErrorStr2(nullptr)));
  }
  ~Impl() { tjDestroy(handle); }
  tjhandle handle;
};

PictureDecoder::PictureDecoder() : impl_(std::make_unique<Impl>()) {}
PictureDecoder::~PictureDecoder() = default;

std::string PictureDecoder::Decode(std::string_view encoded, const CropSpec& crop, std::uint8_t* pixels) {
  const int size = static_cast<int>(crop.size());
  std::string problem;
  if (crop.encoding() == "jpeg") {
    problem = DecodeJpeg(impl_->handle, encoded, size, pixels);
    // libjpeg-turbo carries what it half read into the next picture.
    if (!problem.empty()) impl_ = std::make_unique<Impl>();
  } else if (crop.encoding() == "png") {
    problem = DecodePng(encoded, size, pixels);
  } else {
    problem = fmt::format("encoding '{}' is unknown; jpeg and png are read", crop.encoding());
  }
  return problem;
}

}  // namespace seam
