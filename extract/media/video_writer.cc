#include "extract/media/video_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/media/av.h"
#include "extract/media/sound_track.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// Every usual frame rate is a whole number of ticks (23.976 to half a tick), and MPEG-4 allows no finer.
constexpr AVRational kTick = {1, 60000};
// x264's scale, of the option.
constexpr int kMaxCrf = 51;
// libswscale reads past the end of tight rows as it writes past it: see Note [Padded rows] in video_frame.cc.
constexpr int kRowAlignment = 64;

// The muxer closes nothing of itself.
struct MuxerDeleter {
  void operator()(AVFormatContext* context) const {
    avio_closep(&context->pb);
    avformat_free_context(context);
  }
};

class Dictionary {
 public:
  ~Dictionary() { av_dict_free(&entries_); }
  void Set(const char* name, const std::string& value) { av_dict_set(&entries_, name, value.c_str(), 0); }
  AVDictionary** get() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

void SetX264(const VideoWriterOptions& options, AVCodecContext*, Dictionary* settings) {
  settings->Set("crf", std::to_string(options.crf));
  settings->Set("preset", options.preset);
}

// A stream that looks as x264's would: bits a pixel halve with every six steps of the factor. OpenH264 knows
// bit rates alone.
void SetOpenH264(const VideoWriterOptions& options, AVCodecContext* encoder, Dictionary* settings) {
  constexpr double kBitsAtTwenty = 0.2, kPictures = 25, kStepsToHalf = 6;
  const double bits = kBitsAtTwenty * std::exp2((20 - options.crf) / kStepsToHalf);
  encoder->bit_rate = static_cast<std::int64_t>(bits * kPictures * encoder->width * encoder->height);
  settings->Set("allow_skip_frames", "0");
}

// VP9's factor goes to 63.
void SetVp9(const VideoWriterOptions& options, AVCodecContext* encoder, Dictionary* settings) {
  constexpr int kMaxVp9 = 63;
  encoder->bit_rate = 0;
  settings->Set("crf", std::to_string(options.crf * kMaxVp9 / kMaxCrf));
  settings->Set("deadline", "realtime");
  settings->Set("cpu-used", "6");
}

// MPEG-4's quantiser goes from 1 to 31, and doubles where six steps of the factor double x264's.
void SetMpeg4(const VideoWriterOptions& options, AVCodecContext* encoder, Dictionary*) {
  const double quantiser = std::clamp(3 * std::exp2((options.crf - 20) / 6.0), 1.0, 31.0);
  encoder->flags |= AV_CODEC_FLAG_QSCALE;
  encoder->global_quality = static_cast<int>(std::lround(quantiser * FF_QP2LAMBDA));
}

struct Encoder {
  const char* name;
  void (*set)(const VideoWriterOptions& options, AVCodecContext* encoder, Dictionary* settings);
};
constexpr std::array<Encoder, 4> kEncoders = {
    {{"libx264", SetX264}, {"libopenh264", SetOpenH264}, {"libvpx-vp9", SetVp9}, {"mpeg4", SetMpeg4}}};

const Encoder& ChooseEncoder(const std::string& path, const std::string& wanted) {
  for (const Encoder& encoder : kEncoders) {
    if (!wanted.empty() && wanted != encoder.name) continue;
    if (avcodec_find_encoder_by_name(encoder.name) != nullptr) return encoder;
  }
  throw Error(path,
              wanted.empty() ? "this FFmpeg has no encoder for video"
                             : fmt::format("this FFmpeg has no encoder {}", wanted),
              fmt::format("Seam writes video with {}", fmt::join(VideoEncoderNames(), ", ")));
}

bool IsHighDefinition(const cv::Size& size) { return size.width >= 1280 || size.height > 576; }

int Checked(int status, const std::string& path, const char* what) {
  if (status == AVERROR(ENOSPC) || status == AVERROR(EDQUOT))
    throw Error(path, "cannot be written: " + AvErrorText(status), "free some space");
  if (status < 0) throw Error(path, fmt::format("{}: {}", what, AvErrorText(status)));
  return status;
}

}  // namespace

struct VideoWriter::Impl {
  Impl(fs::path place, const cv::Size& pictures, VideoWriterOptions wanted)
      : path(std::move(place)),
        temporary(path.string() + fmt::format(".{}.tmp", getpid())),
        options(std::move(wanted)),
        size(pictures),
        even((size.width + 1) / 2 * 2, (size.height + 1) / 2 * 2) {}

  ~Impl() {
    if (!created) return;
    muxer.reset();
    unlink(temporary.c_str());
  }

  void OpenEncoder() {
    const Encoder& row = ChooseEncoder(path.string(), options.codec);
    const AVCodec* found = avcodec_find_encoder_by_name(row.name);
    codec = row.name;
    encoder.reset(avcodec_alloc_context3(found));
    if (!encoder) throw std::bad_alloc();
    encoder->width = even.width;
    encoder->height = even.height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = kTick;
    encoder->thread_count = options.threads;
    encoder->color_range = AVCOL_RANGE_MPEG;
    const bool high = IsHighDefinition(size);
    encoder->colorspace = high ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    encoder->color_primaries = high ? AVCOL_PRI_BT709 : AVCOL_PRI_SMPTE170M;
    encoder->color_trc = high ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    Dictionary settings;
    row.set(options, encoder.get(), &settings);
    Checked(avcodec_open2(encoder.get(), found, settings.get()), path.string(),
            "the encoder refuses these pictures");
  }

  void OpenScaler() {
    constexpr int kFilter = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP;
    scaler.reset(sws_getContext(even.width, even.height, AV_PIX_FMT_RGB24, even.width, even.height,
                                AV_PIX_FMT_YUV420P, kFilter, nullptr, nullptr, nullptr));
    if (!scaler) throw Error(path.string(), "pictures of this size cannot be converted");
    const int matrix = IsHighDefinition(size) ? SWS_CS_ITU709 : SWS_CS_ITU601;
    sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(SWS_CS_ITU709), 1, sws_getCoefficients(matrix),
                             0, 0, 1 << 16, 1 << 16);
  }

  void OpenFile() {
    // Told to be a file: a name may look like an address.
    const std::string url = "file:" + temporary;
    AVFormatContext* context = nullptr;
    Checked(avformat_alloc_output_context2(&context, nullptr, "mp4", url.c_str()), path.string(),
            "cannot be written");
    muxer.reset(context);
    Checked(avio_open(&muxer->pb, url.c_str(), AVIO_FLAG_WRITE), path.string(), "cannot be written");
    created = true;
    stream = avformat_new_stream(muxer.get(), nullptr);
    if (stream == nullptr) throw std::bad_alloc();
    Checked(avcodec_parameters_from_context(stream->codecpar, encoder.get()), path.string(),
            "cannot be written");
    stream->time_base = kTick;
    AddSoundStream();
    if (!options.comment.empty()) av_dict_set(&muxer->metadata, "comment", options.comment.c_str(), 0);
    Dictionary settings;
    settings.Set("movflags", "+faststart");
    settings.Set("video_track_timescale", std::to_string(kTick.den));
    Checked(avformat_write_header(muxer.get(), settings.get()), path.string(), "cannot be written");
  }

  void AddSoundStream() {
    if (options.sound == nullptr || !options.sound->there()) return;
    sound = avformat_new_stream(muxer.get(), nullptr);
    if (sound == nullptr) throw std::bad_alloc();
    const AVCodecParameters& parameters = options.sound->codec();
    Checked(avcodec_parameters_copy(sound->codecpar, &parameters), path.string(), "cannot be written");
    sound->codecpar->codec_tag = 0;  // of the other container
    sound->time_base = {1, parameters.sample_rate};
  }

  // The sound that begins before the tick.
  void CopySound(std::int64_t before) {
    if (sound == nullptr) return;
    const double end = first_seconds + static_cast<double>(before) / kTick.den;
    const AVRational from = options.sound->tick();
    const std::int64_t first = std::llround(first_seconds / av_q2d(from));
    while (const AvPtr<AVPacket> packet = options.sound->TakeBetween(first_seconds, end)) {
      packet->stream_index = sound->index;
      packet->pos = -1;
      packet->pts -= first;
      packet->dts -= first;
      av_packet_rescale_ts(packet.get(), from, sound->time_base);
      const int status = av_interleaved_write_frame(muxer.get(), packet.get());
      // Damage of the sound; the pictures do not suffer.
      if (status == AVERROR_INVALIDDATA || status == AVERROR(EINVAL)) {
        options.sound->LeaveOut("it is damaged");
        return;
      }
      Checked(status, path.string(), "cannot be written");
    }
  }

  AvPtr<AVFrame> Converted(const cv::Mat& picture) const {
    cv::Mat padded(even.height, (even.width + 2 * kRowAlignment) / kRowAlignment * kRowAlignment, CV_8UC3);
    cv::Mat inner = padded(cv::Rect({}, even));
    cv::copyMakeBorder(picture, inner, 0, even.height - size.height, 0, even.width - size.width,
                       cv::BORDER_REPLICATE);
    AvPtr<AVFrame> frame(av_frame_alloc());
    if (!frame) throw std::bad_alloc();
    frame->width = even.width;
    frame->height = even.height;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->quality = encoder->global_quality;
    frame->color_range = encoder->color_range;
    frame->colorspace = encoder->colorspace;
    frame->color_primaries = encoder->color_primaries;
    frame->color_trc = encoder->color_trc;
    if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
    const std::uint8_t* rows[] = {inner.data, nullptr, nullptr, nullptr};
    const int strides[] = {static_cast<int>(inner.step[0]), 0, 0, 0};
    sws_scale(scaler.get(), rows, strides, 0, even.height, frame->data, frame->linesize);
    return frame;
  }

  // `frame`: none for the end.
  void Encode(const AVFrame* frame) {
    Checked(avcodec_send_frame(encoder.get(), frame), path.string(), "a frame cannot be encoded");
    const AvPtr<AVPacket> packet(av_packet_alloc());
    if (!packet) throw std::bad_alloc();
    for (;;) {
      const int status = avcodec_receive_packet(encoder.get(), packet.get());
      if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
      Checked(status, path.string(), "a frame cannot be encoded");
      packet->stream_index = stream->index;
      packet->duration = last_step;  // counts for the last frame alone; the others end where the next begins
      av_packet_rescale_ts(packet.get(), kTick, stream->time_base);
      Checked(av_interleaved_write_frame(muxer.get(), packet.get()), path.string(), "cannot be written");
    }
  }

  void Finish() {
    CopySound(last_tick + last_step);
    Encode(nullptr);
    Checked(av_write_trailer(muxer.get()), path.string(), "cannot be written");
    avio_flush(muxer->pb);
    Checked(muxer->pb->error, path.string(), "cannot be written");
    muxer.reset();
    const int descriptor = open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) close(descriptor);
    if (!synced) throw Error(path.string(), fmt::format("cannot be written: {}", std::strerror(code)));
    if (rename(temporary.c_str(), path.c_str()) != 0)
      throw Error(path.string(), fmt::format("cannot be written: {}", std::strerror(errno)));
    created = false;
  }

  fs::path path;
  std::string temporary;
  VideoWriterOptions options;
  cv::Size size, even;
  std::string codec;
  AvPtr<AVCodecContext> encoder;
  AvPtr<SwsContext> scaler;
  std::unique_ptr<AVFormatContext, MuxerDeleter> muxer;
  AVStream *stream = nullptr, *sound = nullptr;  // the muxer's
  bool created = false;                          // the temporary file is there
  double first_seconds = 0;
  std::int64_t last_tick = -1, last_step = kTick.den / 25;
};

const std::vector<std::string>& VideoEncoderNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Encoder& encoder : kEncoders) all.emplace_back(encoder.name);
    return all;
  }();
  return names;
}

VideoWriter::VideoWriter(const fs::path& path, const cv::Size& size, const VideoWriterOptions& options) {
  if (options.crf < 0 || options.crf > kMaxCrf)
    throw Error(path.string(), fmt::format("a constant rate factor of {} is not from 0 to 51", options.crf));
  if (size.width < 1 || size.height < 1) throw Error(path.string(), "a video of empty pictures");
  av_log_set_level(AV_LOG_QUIET);  // what users need of libav's words is in our errors
  impl_ = std::make_unique<Impl>(path, size, options);
  impl_->OpenEncoder();
  impl_->OpenScaler();
  impl_->OpenFile();
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::Add(const cv::Mat& picture, double pts_seconds) {
  Impl& impl = *impl_;
  if (picture.size() != impl.size || picture.type() != CV_8UC3)
    throw Error(impl.path.string(), "a frame is of another size than the first");
  if (impl.last_tick < 0) impl.first_seconds = pts_seconds;
  const auto tick = static_cast<std::int64_t>(std::llround((pts_seconds - impl.first_seconds) * kTick.den));
  const std::int64_t at = impl.last_tick < 0 ? 0 : std::max(tick, impl.last_tick + 1);
  if (impl.last_tick >= 0) impl.last_step = at - impl.last_tick;
  impl.last_tick = at;
  const AvPtr<AVFrame> frame = impl.Converted(picture);
  frame->pts = at;
  impl.Encode(frame.get());
  impl.CopySound(at);
}

void VideoWriter::Commit() {
  if (impl_->last_tick < 0) throw Error(impl_->path.string(), "a video without frames");
  impl_->Finish();
}

const std::string& VideoWriter::codec() const { return impl_->codec; }

}  // namespace seam
