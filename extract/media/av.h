#pragma once

#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace seam {

// libav* objects live in one of these from birth.
struct AvDeleter {
  void operator()(AVFormatContext* context) const;
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVIOContext* context) const;
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
template <class T>
using AvPtr = std::unique_ptr<T, AvDeleter>;

// libav's own words for an error code.
std::string AvErrorText(int code);

}  // namespace seam
