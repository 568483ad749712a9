#include "proto/picture.h"

#include <turbojpeg.h>

#include <algorithm>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

std::string EncodeJpeg(const std::uint8_t* pixels, std::size_t stride, int size, int quality) {
  const std::unique_ptr<void, int (*)(tjhandle)> compressor(tjInitCompress(), tjDestroy);
  std::string bytes(tjBufSize(size, size, TJSAMP_444), '\0');
  auto* start = reinterpret_cast<unsigned char*>(bytes.data());
  unsigned long length = bytes.size();
  const int status = tjCompress2(compressor.get(), pixels, size, static_cast<int>(stride), size, TJPF_RGB,
                                 &start, &length, TJSAMP_444, quality, TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC);
  if (status != 0) {
    throw Error("", fmt::format("a crop cannot be encoded: {}", tjGetErrorStr2(compressor.get())));
  }
  bytes.resize(length);
  return bytes;
}

std::string EncodePng(const std::uint8_t* pixels, std::size_t stride, int size) {
  const cv::Mat rgb(size, size, CV_8UC3, const_cast<std::uint8_t*>(pixels), stride);
  cv::Mat bgr(size, size, CV_8UC3);
  cv::mixChannels({rgb}, {bgr}, {0, 2, 1, 1, 2, 0});
  std::vector<unsigned char> bytes;
  cv::imencode(".png", bgr, bytes);
  return {bytes.begin(), bytes.end()};
}

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

std::uint32_t BigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string DecodePng(std::string_view encoded, int size, std::uint8_t* pixels) {
  // The side is read from the first chunk (IHDR) before OpenCV, which decodes any format, allocates what it
  // says.
  using namespace std::string_view_literals;
  if (encoded.size() < 24 || !encoded.starts_with("\x89PNG\r\n\x1a\n"sv)) return "not a PNG picture";
  const auto width = BigEndian(encoded.substr(16)), height = BigEndian(encoded.substr(20));
  const auto side = static_cast<std::uint32_t>(size);
  if (width != side || height != side) return WrongSize(width, height, size);
  const cv::Mat bytes(1, static_cast<int>(encoded.size()), CV_8UC1, const_cast<char*>(encoded.data()));
  const cv::Mat bgr = cv::imdecode(bytes, cv::IMREAD_COLOR);
  if (bgr.rows != size || bgr.cols != size) return "a damaged PNG picture";
  cv::Mat rgb(size, size, CV_8UC3, pixels);
  cv::mixChannels({bgr}, {rgb}, {0, 2, 1, 1, 2, 0});
  return "";
}

}  // namespace

std::string EncodePicture(const std::uint8_t* pixels, std::size_t stride, const CropSpec& crop) {
  const int size = static_cast<int>(crop.size());
  if (crop.encoding() == "jpeg") return EncodeJpeg(pixels, stride, size, static_cast<int>(crop.quality()));
  if (crop.encoding() == "png") return EncodePng(pixels, stride, size);
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
