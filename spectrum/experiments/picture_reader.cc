#include "spectrum/experiments/picture_reader.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "extract/media/decoder_pool.h"
#include "extract/media/exif.h"
#include "extract/media/video_reader.h"
#include "proto/picture_codec.h"

namespace seam {
namespace {

cv::Mat FirstFrame(const std::filesystem::path& path, bool grey, const MediaLimits& limits) {
  VideoReader reader(path, limits);
  if (!reader.Next()) throw Error(path.string(), "no frame could be decoded");
  cv::Mat picture = reader.Frame().Picture(), result = picture;
  if (grey) cv::cvtColor(picture, result, cv::COLOR_RGB2GRAY);
  return result;
}

}  // namespace

PictureReader::PictureReader(MediaLimits limits) : limits_(std::move(limits)) {
  if (!limits_.decoders) limits_.decoders = std::make_shared<DecoderPool>();
}

cv::Mat PictureReader::Read(const std::filesystem::path& path, bool grey) const {
  const std::string bytes = ReadFile(path);
  const PictureHead head = ReadPictureHead(bytes);
  if (head.format == PictureFormat::kOther) return FirstFrame(path, grey, limits_);
  // A small file can stand for a huge picture.
  if (head.height > 0 && head.width > limits_.max_pixels / head.height)
    throw Error(path.string(),
                fmt::format("a picture of {} x {} pixels is too large", head.width, head.height));
  if (head.width <= 0 || head.height <= 0) throw Error(path.string(), "is a damaged picture");
  const int channels = grey ? 1 : 3;
  cv::Mat picture(static_cast<int>(head.height), static_cast<int>(head.width), CV_8UC(channels));
  const std::string problem = DecodePixels(bytes, channels, picture.data);
  if (!problem.empty()) throw Error(path.string(), problem);
  const auto turn = ExifOrientation(InputFile(path));
  return turn ? VideoFrame(picture).Turned(*turn).Picture() : picture;
}

}  // namespace seam
