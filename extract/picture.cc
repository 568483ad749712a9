#include "extract/picture.h"

#include <cstdlib>

#include "base/error.h"

namespace seam {
namespace {

// Note [Padded rows]: libswscale writes past the end of a row when the row is packed tightly, and computes
// other pixels than in a padded one. So the picture is the left part of a wider one.
constexpr int kRowAlignment = 64;

int ColourMatrixOf(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return SWS_CS_ITU601;
    default:
      return frame.width >= 1280 || frame.height > 576 ? SWS_CS_ITU709 : SWS_CS_ITU601;
  }
}

// The deprecated full-range formats become plain ones: their range is told apart.
AVPixelFormat PlainFormat(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    default:
      return format;
  }
}

cv::Mat Upright(const cv::Mat& picture, Orientation orientation) {
  cv::Mat turned = picture;
  if (orientation.transpose) cv::transpose(picture, turned);
  if (!orientation.flip_x && !orientation.flip_y) return turned;
  cv::Mat flipped;
  cv::flip(turned, flipped, orientation.flip_x ? (orientation.flip_y ? -1 : 1) : 0);
  return flipped;
}

}  // namespace

Orientation OrientationOf(const std::int32_t* display_matrix) {
  if (display_matrix == nullptr) return {};
  // x' = a x + c y, y' = b x + d y
  const std::int64_t a = display_matrix[0], b = display_matrix[1], c = display_matrix[3],
                     d = display_matrix[4];
  if (std::llabs(a) + std::llabs(d) >= std::llabs(b) + std::llabs(c)) return {false, a < 0, d < 0};
  return {true, c < 0, b < 0};
}

cv::Mat PictureConverter::Convert(const AVFrame& frame) {
  const auto declared = static_cast<AVPixelFormat>(frame.format);
  const AVPixelFormat format = PlainFormat(declared);
  const bool full_range = frame.color_range == AVCOL_RANGE_JPEG || format != declared;
  scaler_.reset(sws_getCachedContext(
      scaler_.release(), frame.width, frame.height, format, frame.width, frame.height, AV_PIX_FMT_RGB24,
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  if (!scaler_) throw Error("", "a frame's pixel format cannot be converted to RGB");
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(ColourMatrixOf(frame)), full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_ITU709), 1, 0, 1 << 16, 1 << 16);

  const int padded_width = (frame.width + 2 * kRowAlignment) / kRowAlignment * kRowAlignment;
  cv::Mat padded(frame.height, padded_width, CV_8UC3);
  std::uint8_t* rows[] = {padded.data, nullptr, nullptr, nullptr};
  const int strides[] = {static_cast<int>(padded.step[0]), 0, 0, 0};
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, rows, strides);

  const AVFrameSideData* own = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  const Orientation orientation =
      own != nullptr ? OrientationOf(reinterpret_cast<const std::int32_t*>(own->data)) : orientation_;
  return Upright(padded.colRange(0, frame.width), orientation);
}

}  // namespace seam
