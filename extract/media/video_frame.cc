#include "extract/media/video_frame.h"

#include <algorithm>
#include <cstdlib>
#include <list>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/media/av.h"
#include "extract/media/tone_mapping.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace seam {
namespace {

// Note [Padded rows]: libswscale writes past the end of a row when the row is packed tightly, and computes
// other pixels than in a padded one. So the picture is the left part of a wider one.
constexpr int kRowAlignment = 64;

DynamicRange FindRange(const AVFrame& frame) {
  if (frame.color_trc == AVCOL_TRC_SMPTE2084) return DynamicRange::kPq;
  return frame.color_trc == AVCOL_TRC_ARIB_STD_B67 ? DynamicRange::kHlg : DynamicRange::kStandard;
}

ColourGamut FindGamut(const AVFrame& frame) {
  switch (frame.color_primaries) {
    case AVCOL_PRI_BT709:
      return ColourGamut::kBt709;
    case AVCOL_PRI_SMPTE432:
      return ColourGamut::kP3;
    default:
      return ColourGamut::kBt2020;
  }
}

int FindColourMatrix(const AVFrame& frame) {
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
      if (FindRange(frame) != DynamicRange::kStandard) return SWS_CS_BT2020;
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

// What a conversion by libswscale is for.
struct Conversion {
  cv::Size from, to;
  AVPixelFormat from_format = AV_PIX_FMT_NONE, to_format = AV_PIX_FMT_NONE;
  bool full_range = false;
  int matrix = 0;  // of YUV to RGB
  int filter = 0;
  bool operator==(const Conversion&) const = default;
};

// The thread's own, kept for its next frames: making one takes a quarter of the time that a crop takes.
SwsContext* ScalerFor(const Conversion& conversion) {
  constexpr std::size_t kMost = 16;
  thread_local std::list<std::pair<Conversion, AvPtr<SwsContext>>> kept;  // the last used first
  const auto found =
      std::find_if(kept.begin(), kept.end(), [&](const auto& each) { return each.first == conversion; });
  if (found != kept.end()) {
    kept.splice(kept.begin(), kept, found);
    return kept.front().second.get();
  }
  AvPtr<SwsContext> made(sws_getContext(conversion.from.width, conversion.from.height, conversion.from_format,
                                        conversion.to.width, conversion.to.height, conversion.to_format,
                                        conversion.filter | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr,
                                        nullptr, nullptr));
  if (!made) throw Error("", "a frame's pixel format cannot be converted to RGB");
  sws_setColorspaceDetails(made.get(), sws_getCoefficients(conversion.matrix), conversion.full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_ITU709), 1, 0, 1 << 16, 1 << 16);
  kept.emplace_front(conversion, std::move(made));
  if (kept.size() > kMost) kept.pop_back();
  return kept.front().second.get();
}

// Whether libswscale makes planes of red, green and blue of the same values as packed RGB, which takes it
// three to eight times as long. It does of planes of YUV, but for its shortcuts where rows are sums of two:
// those of heights that shrink to a half at most, and of chroma planes of a few rows.
bool HasEqualPlanes(AVPixelFormat format, int height, int wanted_height) {
  constexpr int kFewRows = 8;
  const AVPixFmtDescriptor* described = av_pix_fmt_desc_get(format);
  return described != nullptr && described->nb_components >= 3 &&
         (described->flags & AV_PIX_FMT_FLAG_PLANAR) != 0 && (described->flags & AV_PIX_FMT_FLAG_RGB) == 0 &&
         (height >> described->log2_chroma_h) >= kFewRows &&
         (height == wanted_height || height > 2 * wanted_height);
}

// The frame as RGB of `size`, not turned. `matrix`: libswscale's, of YUV to RGB.
cv::Mat ToRgb(const AVFrame& frame, int matrix, const cv::Size& size, int filter) {
  const auto declared = static_cast<AVPixelFormat>(frame.format);
  Conversion conversion = {
      {frame.width, frame.height}, size, PlainFormat(declared), AV_PIX_FMT_RGB24, false, matrix, filter};
  conversion.full_range = frame.color_range == AVCOL_RANGE_JPEG || conversion.from_format != declared;
  const DynamicRange range = FindRange(frame);
  const bool high = range != DynamicRange::kStandard;
  const bool planes = !high && HasEqualPlanes(conversion.from_format, frame.height, size.height);
  if (high) conversion.to_format = AV_PIX_FMT_RGB48;
  if (planes) conversion.to_format = AV_PIX_FMT_GBRP;

  const int padded_width = (size.width + 2 * kRowAlignment) / kRowAlignment * kRowAlignment;
  cv::Mat padded(planes ? 3 * size.height : size.height, padded_width,
                 planes ? CV_8UC1 : (high ? CV_16UC3 : CV_8UC3));
  const auto plane = [&](int number) {
    return padded.rowRange(number * size.height, (number + 1) * size.height).colRange(0, size.width);
  };
  std::uint8_t* rows[] = {padded.data, nullptr, nullptr, nullptr};
  const int stride = static_cast<int>(padded.step[0]);
  const int strides[] = {stride, planes ? stride : 0, planes ? stride : 0, 0};
  for (int i = 1; planes && i < 3; ++i) rows[i] = plane(i).data;
  sws_scale(ScalerFor(conversion), frame.data, frame.linesize, 0, frame.height, rows, strides);
  if (!planes) {
    const cv::Mat rgb = padded.colRange(0, size.width);
    return high ? ToneMapped(rgb, range, FindGamut(frame)) : rgb;
  }
  const cv::Mat colours[] = {plane(2), plane(0), plane(1)};  // green, blue and red are stored
  cv::Mat rgb;
  cv::merge(colours, 3, rgb);
  return rgb;
}

// `area` of the frame, sharing its memory.
AvPtr<AVFrame> Cut(const AVFrame& frame, const cv::Rect& area) {
  AvPtr<AVFrame> part(av_frame_clone(&frame));
  if (!part) throw std::bad_alloc();
  part->crop_left = static_cast<std::size_t>(area.x);
  part->crop_top = static_cast<std::size_t>(area.y);
  part->crop_right = static_cast<std::size_t>(frame.width - area.br().x);
  part->crop_bottom = static_cast<std::size_t>(frame.height - area.br().y);
  if (av_frame_apply_cropping(part.get(), AV_FRAME_CROP_UNALIGNED) < 0)
    throw Error("", "a frame cannot be cut");
  return part;
}

// `area` with what the filters of its edges look at, on the grid that keeps chroma and SIMD rows in step.
cv::Rect WithSurroundings(const cv::Rect& area, const cv::Size& size) {
  constexpr int kReach = 16, kGrid = 64;
  const auto from = [](int place) { return std::max(0, place - kReach) / kGrid * kGrid; };
  const auto to = [](int place, int end) {
    return std::min(end, (place + kReach + kGrid - 1) / kGrid * kGrid);
  };
  return {cv::Point(from(area.x), from(area.y)),
          cv::Point(to(area.br().x, size.width), to(area.br().y, size.height))};
}

// The size at which a stored frame has square pixels. Ratios that no camera has are damage.
cv::Size WithSquarePixels(const cv::Size& stored, double pixel_aspect) {
  constexpr double kMostStretched = 4;
  if (!(pixel_aspect >= 1 / kMostStretched && pixel_aspect <= kMostStretched)) return stored;
  return {std::max(1, cvRound(stored.width * pixel_aspect)), stored.height};
}

}  // namespace

Orientation ReadOrientation(const std::int32_t* display_matrix) {
  if (display_matrix == nullptr) return {};
  // x' = a x + c y, y' = b x + d y
  const std::int64_t a = display_matrix[0], b = display_matrix[1], c = display_matrix[3],
                     d = display_matrix[4];
  if (std::llabs(a) + std::llabs(d) >= std::llabs(b) + std::llabs(c)) return {false, a < 0, d < 0};
  return {true, c < 0, b < 0};
}

Orientation Combined(Orientation first, Orientation second) {
  if (second.transpose) std::swap(first.flip_x, first.flip_y);
  return {first.transpose != second.transpose, first.flip_x != second.flip_x, first.flip_y != second.flip_y};
}

VideoFrame::VideoFrame(cv::Mat picture) : picture_(std::move(picture)), size_(picture_.size()) {}

VideoFrame::VideoFrame(std::shared_ptr<const AVFrame> frame, Orientation orientation, double pixel_aspect)
    : frame_(std::move(frame)), orientation_(orientation) {
  const AVFrameSideData* own = av_frame_get_side_data(frame_.get(), AV_FRAME_DATA_DISPLAYMATRIX);
  if (own != nullptr) orientation_ = ReadOrientation(reinterpret_cast<const std::int32_t*>(own->data));
  size_ = Unturned(WithSquarePixels({frame_->width, frame_->height}, pixel_aspect));
}

VideoFrame::VideoFrame(std::shared_ptr<const DistantFrame> frame)
    : distant_(std::move(frame)), size_(distant_->size()) {}

DynamicRange VideoFrame::dynamic_range() const {
  if (distant_ != nullptr) return distant_->dynamic_range();
  return frame_ == nullptr ? DynamicRange::kStandard : FindRange(*frame_);
}

VideoFrame VideoFrame::Turned(Orientation turn) const {
  if (frame_ == nullptr && distant_ == nullptr) return {Upright(picture_, turn)};
  VideoFrame turned = *this;
  turned.orientation_ = Combined(orientation_, turn);
  if (turn.transpose) turned.size_ = cv::Size(size_.height, size_.width);
  return turned;
}

cv::Mat VideoFrame::Part(const cv::Rect& area) const {
  if (distant_ != nullptr) return distant_->Part(orientation_, area);
  if (frame_ == nullptr) return picture_(area);
  const cv::Size stored = Unturned(size_);
  if (!IsCuttable())
    return Upright(ToRgb(*frame_, FindColourMatrix(*frame_), stored, SWS_BICUBIC), orientation_)(area);
  const cv::Rect wanted = Unturned(area), converted = WithSurroundings(wanted, stored);
  const cv::Mat rgb =
      ToRgb(*Cut(*frame_, converted), FindColourMatrix(*frame_), converted.size(), SWS_BICUBIC);
  return Upright(rgb(wanted - converted.tl()), orientation_);
}

cv::Size VideoFrame::ShrunkSize(const cv::Size& size, int side) {
  const int longer = std::max(size.width, size.height);
  if (longer <= side) return size;
  const double scale = static_cast<double>(side) / longer;
  return {std::max(1, cvRound(size.width * scale)), std::max(1, cvRound(size.height * scale))};
}

cv::Mat VideoFrame::Shrunk(int side) const {
  if (distant_ != nullptr) return distant_->Shrunk(orientation_, side);
  const cv::Size small = ShrunkSize(size_, side);
  if (small == size_) return Picture();
  if (frame_ != nullptr)
    return Upright(ToRgb(*frame_, FindColourMatrix(*frame_), Unturned(small), SWS_AREA), orientation_);
  cv::Mat shrunk;
  cv::resize(picture_, shrunk, small, 0, 0, cv::INTER_AREA);
  return shrunk;
}

cv::Rect VideoFrame::Unturned(const cv::Rect& area) const {
  cv::Rect turned = area;
  if (orientation_.flip_x) turned.x = size_.width - area.br().x;
  if (orientation_.flip_y) turned.y = size_.height - area.br().y;
  if (!orientation_.transpose) return turned;
  return {turned.y, turned.x, turned.height, turned.width};
}

bool VideoFrame::IsCuttable() const {
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame_->format));
  constexpr std::uint64_t kOdd = AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER;
  if (format == nullptr || (format->flags & kOdd) != 0) return false;
  // Where the last chroma sample is shared by fewer pixels, the steps between samples are no round number.
  const cv::Size stored(frame_->width, frame_->height);
  return stored == Unturned(size_) && stored.width % (1 << format->log2_chroma_w) == 0 &&
         stored.height % (1 << format->log2_chroma_h) == 0;
}

}  // namespace seam
