// HEIC and AVIF: the main picture of a file, with libheif. What else is there (gain and depth maps,
// thumbnails) is left.

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <libheif/heif.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/media/av.h"
#include "extract/media/pictures.h"

namespace seam {
namespace {

struct Closer {
  void operator()(heif_context* context) const { heif_context_free(context); }
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
  void operator()(heif_image* image) const { heif_image_release(image); }
  void operator()(heif_color_profile_nclx* colours) const { heif_nclx_color_profile_free(colours); }
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
};
template <class T>
using HeifPtr = std::unique_ptr<T, Closer>;

// libav's format of planes as libheif gives them; none for what it has no name for.
AVPixelFormat ToFormat(heif_chroma chroma, int bits) {
  const struct {
    heif_chroma chroma;
    int bits;
    AVPixelFormat format;
  } formats[] = {
      {heif_chroma_420, 8, AV_PIX_FMT_YUV420P},        {heif_chroma_420, 10, AV_PIX_FMT_YUV420P10},
      {heif_chroma_420, 12, AV_PIX_FMT_YUV420P12},     {heif_chroma_422, 8, AV_PIX_FMT_YUV422P},
      {heif_chroma_422, 10, AV_PIX_FMT_YUV422P10},     {heif_chroma_422, 12, AV_PIX_FMT_YUV422P12},
      {heif_chroma_444, 8, AV_PIX_FMT_YUV444P},        {heif_chroma_444, 10, AV_PIX_FMT_YUV444P10},
      {heif_chroma_444, 12, AV_PIX_FMT_YUV444P12},     {heif_chroma_monochrome, 8, AV_PIX_FMT_GRAY8},
      {heif_chroma_monochrome, 10, AV_PIX_FMT_GRAY10}, {heif_chroma_monochrome, 12, AV_PIX_FMT_GRAY12}};
  for (const auto& each : formats) {
    if (each.chroma == chroma && each.bits == bits) return each.format;
  }
  return AV_PIX_FMT_NONE;
}

class HeifPictures : public Pictures {
 public:
  HeifPictures(const InputFile& file, const MediaLimits& limits, std::int64_t end)
      : file_(file), content_(Content(file, end)) {
    context_.reset(heif_context_alloc());
    heif_context_set_max_decoding_threads(context_.get(), 0);
    Check(heif_context_read_from_memory_without_copy(context_.get(), content_.data(), content_.size(),
                                                     nullptr));
    heif_image_handle* handle = nullptr;
    Check(heif_context_get_primary_image_handle(context_.get(), &handle));
    handle_.reset(handle);
    CheckSize(file, limits, heif_image_handle_get_width(handle), heif_image_handle_get_height(handle));
  }

  std::optional<VideoFrame> Next() override {
    if (std::exchange(given_, true)) return std::nullopt;
    // libheif makes 8-bit RGB of all else as it should, but knows nothing of HDR.
    const HeifPtr<heif_image> image =
        Decoded(IsHdr() ? heif_colorspace_YCbCr : heif_colorspace_undefined, heif_chroma_undefined);
    if (!image) return std::nullopt;
    const heif_colorspace colours = heif_image_get_colorspace(image.get());
    const AVPixelFormat format = ToFormat(heif_image_get_chroma_format(image.get()),
                                          heif_image_get_bits_per_pixel_range(image.get(), heif_channel_Y));
    if (colours != heif_colorspace_RGB && format != AV_PIX_FMT_NONE) return AsFrame(*image, format);
    const HeifPtr<heif_image> rgb = Decoded(heif_colorspace_RGB, heif_chroma_interleaved_RGB);
    if (!rgb) return std::nullopt;
    int step = 0;
    const std::uint8_t* pixels = heif_image_get_plane_readonly(rgb.get(), heif_channel_interleaved, &step);
    const cv::Size size(heif_image_get_width(rgb.get(), heif_channel_interleaved),
                        heif_image_get_height(rgb.get(), heif_channel_interleaved));
    return VideoFrame(
        cv::Mat(size, CV_8UC3, const_cast<std::uint8_t*>(pixels), static_cast<std::size_t>(step)).clone());
  }

 private:
  void Check(const heif_error& error) const {
    if (error.code == heif_error_Ok) return;
    throw Error(file_.path(),
                std::string("is a heic or avif picture that cannot be read: ") + Printable(error.message),
                "save it anew as jpg or png");
  }

  // Turned and cut as the file asks for; nullptr where it is damaged.
  HeifPtr<heif_image> Decoded(heif_colorspace colours, heif_chroma chroma) {
    const HeifPtr<heif_decoding_options> options(heif_decoding_options_alloc());
    options->decoder_id = "aom";  // for AV1; dav1d writes what it finds wrong with a file to the console
    heif_image* image = nullptr;
    const heif_error error = heif_decode_image(handle_.get(), &image, colours, chroma, options.get());
    if (error.code != heif_error_Ok) damage_ = Printable(error.message);
    return HeifPtr<heif_image>(image);
  }

  bool IsHdr() const {
    heif_color_profile_nclx* told = nullptr;
    heif_image_handle_get_nclx_color_profile(handle_.get(), &told);
    const HeifPtr<heif_color_profile_nclx> colours(told);
    return colours && (colours->transfer_characteristics == heif_transfer_characteristic_ITU_R_BT_2100_0_PQ ||
                       colours->transfer_characteristics == heif_transfer_characteristic_ITU_R_BT_2100_0_HLG);
  }

  // What the picture, or else the file, says of its colours. JPEG's are the format's default.
  void SetColours(const heif_image& image, AVFrame* frame) const {
    frame->colorspace = AVCOL_SPC_SMPTE170M;
    frame->color_range = AVCOL_RANGE_JPEG;
    heif_color_profile_nclx* told = nullptr;
    if (heif_image_get_nclx_color_profile(&image, &told).code != heif_error_Ok || told == nullptr)
      heif_image_handle_get_nclx_color_profile(handle_.get(), &told);
    const HeifPtr<heif_color_profile_nclx> colours(told);
    if (!colours) return;
    frame->color_primaries = static_cast<AVColorPrimaries>(colours->color_primaries);
    frame->color_trc = static_cast<AVColorTransferCharacteristic>(colours->transfer_characteristics);
    if (IsHdr()) return;  // on the way through RGB the planes became JPEG's
    frame->colorspace = static_cast<AVColorSpace>(colours->matrix_coefficients);
    frame->color_range = colours->full_range_flag != 0 ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  }

  std::optional<VideoFrame> AsFrame(const heif_image& image, AVPixelFormat format) {
    const std::shared_ptr<AVFrame> frame(av_frame_alloc(), AvDeleter{});
    frame->format = format;
    frame->width = heif_image_get_width(&image, heif_channel_Y);
    frame->height = heif_image_get_height(&image, heif_channel_Y);
    if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
    constexpr heif_channel kPlanes[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
    for (int plane = 0; plane < 3 && frame->data[plane] != nullptr; ++plane) {
      int step = 0;
      const std::uint8_t* from = heif_image_get_plane_readonly(&image, kPlanes[plane], &step);
      if (from == nullptr) {
        damage_ = "a part of its colours is missing";
        return std::nullopt;
      }
      const int rows = heif_image_get_height(&image, kPlanes[plane]);
      const int bytes = std::min(step, frame->linesize[plane]);
      for (int y = 0; y < rows; ++y)
        std::memcpy(frame->data[plane] + std::ptrdiff_t{y} * frame->linesize[plane],
                    from + std::ptrdiff_t{y} * step, static_cast<std::size_t>(bytes));
    }
    SetColours(image, frame.get());
    return VideoFrame(frame, {}, 1);
  }

  const InputFile& file_;
  const std::string content_;
  HeifPtr<heif_context> context_;
  HeifPtr<heif_image_handle> handle_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<Pictures> OpenHeif(const InputFile& file, const MediaLimits& limits, std::int64_t end) {
  return std::make_unique<HeifPictures>(file, limits, end);
}

}  // namespace seam
