// Animated WebP, with libwebp.

#include <memory>

#include <webp/demux.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/media/exif.h"
#include "extract/media/pictures.h"

namespace seam {
namespace {

struct Closer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

class WebpAnimation : public Pictures {
 public:
  WebpAnimation(const InputFile& file, const MediaLimits& limits)
      : content_(Content(file, file.size())), orientation_(ExifOrientation(file).value_or(Orientation{})) {
    const WebPData data = {reinterpret_cast<const std::uint8_t*>(content_.data()), content_.size()};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    const std::unique_ptr<WebPDemuxer, Closer> demuxer(WebPDemuxPartial(&data, &state));
    if (!demuxer) Refuse(file);
    size_ = cv::Size(static_cast<int>(WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH)),
                     static_cast<int>(WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT)));
    CheckSize(file, limits, size_.width, size_.height);
    ListTimes(demuxer.get());
    if (state != WEBP_DEMUX_DONE) damage_ = "the file is cut off: it ends before it should";
    WebPAnimDecoderOptions options;
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    decoder_.reset(WebPAnimDecoderNew(&data, &options));
    // It takes whole files only: then what there is is the header's word.
    if (!decoder_ && damage_.empty()) Refuse(file);
  }

  std::optional<VideoFrame> Next() override {
    if (!decoder_ || WebPAnimDecoderHasMoreFrames(decoder_.get()) == 0) return std::nullopt;
    std::uint8_t* pixels = nullptr;
    int end = 0;  // of its time
    if (WebPAnimDecoderGetNext(decoder_.get(), &pixels, &end) == 0) {
      damage_ = "damaged frames: the animation cannot be decoded to its end";
      return std::nullopt;
    }
    cv::Mat rgb;
    cv::cvtColor(cv::Mat(size_, CV_8UC4, pixels), rgb, cv::COLOR_RGBA2RGB);
    return VideoFrame(rgb).Turned(orientation_);
  }

 private:
  [[noreturn]] static void Refuse(const InputFile& file) {
    throw Error(file.path(), "is an animated webp that cannot be read: it is damaged", "copy the file again");
  }

  void ListTimes(WebPDemuxer* demuxer) {
    times_.clear();
    double seconds = 0;
    WebPIterator frame = {};
    for (int there = WebPDemuxGetFrame(demuxer, 1, &frame); there != 0; there = WebPDemuxNextFrame(&frame)) {
      times_.push_back(seconds);
      seconds += std::max(frame.duration, 1) / 1000.0;
    }
    WebPDemuxReleaseIterator(&frame);
  }

  const std::string content_;
  const Orientation orientation_;
  cv::Size size_;
  std::unique_ptr<WebPAnimDecoder, Closer> decoder_;
};

}  // namespace

std::unique_ptr<Pictures> OpenWebpAnimation(const InputFile& file, const MediaLimits& limits) {
  return std::make_unique<WebpAnimation>(file, limits);
}

}  // namespace seam
