#include "tests/extract/made_video.h"

#include <algorithm>
#include <cstring>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/media/av.h"

extern "C" {
#include <libavutil/dovi_meta.h>
#include <libavutil/pixdesc.h>
}

namespace seam {

namespace {

constexpr AVRational kMilliseconds = {1, 1000};

int Checked(int status, const std::string& what) {
  if (status < 0) throw Error("made video", what + ": " + AvErrorText(status));
  return status;
}

class Writer {
 public:
  Writer(const MadeVideo& video, const std::filesystem::path& path) : video_(video) {
    AVFormatContext* format = nullptr;
    Checked(avformat_alloc_output_context2(&format, nullptr, video.container.c_str(), path.c_str()), "muxer");
    format_ = format;
    Checked(avio_open(&format_->pb, path.c_str(), AVIO_FLAG_WRITE), "file");
  }
  ~Writer() {
    avio_closep(&format_->pb);
    avformat_free_context(format_);
  }

  void Run() {
    if (!video_.pictures.empty()) AddPictureStream();
    if (video_.sound) AddSoundStream();
    AVDictionary* options = nullptr;
    av_dict_parse_string(&options, video_.muxer_options.c_str(), "=", ":", 0);
    const int begun = avformat_write_header(format_, &options);
    av_dict_free(&options);
    Checked(begun, "header");
    if (video_.sound) WriteSilence();
    for (const cv::Mat& picture : video_.pictures) Encode(picture);
    Drain();
    Checked(av_write_trailer(format_), "trailer");
  }

 private:
  void AddPictureStream() {
    OpenEncoder(video_.pictures.front().size());
    pictures_ = avformat_new_stream(format_, nullptr);
    Checked(avcodec_parameters_from_context(pictures_->codecpar, encoder_.get()), "stream");
    pictures_->time_base = kMilliseconds;
    pictures_->avg_frame_rate = {25, 1};
    if (video_.dolby_vision != 0) AddDolbyVision();
    if (std::any_of(video_.display_matrix.begin(), video_.display_matrix.end(),
                    [](std::int32_t x) { return x != 0; })) {
      std::uint8_t* matrix =
          av_stream_new_side_data(pictures_, AV_PKT_DATA_DISPLAYMATRIX, sizeof(video_.display_matrix));
      std::memcpy(matrix, video_.display_matrix.data(), sizeof(video_.display_matrix));
    }
  }

  void AddDolbyVision() {
    std::size_t bytes = 0;
    AVDOVIDecoderConfigurationRecord* told = av_dovi_alloc(&bytes);
    told->dv_version_major = 1;
    told->dv_profile = static_cast<std::uint8_t>(video_.dolby_vision);
    told->dv_level = 1;
    told->rpu_present_flag = told->bl_present_flag = 1;
    told->dv_bl_signal_compatibility_id = video_.dolby_vision == 8 ? 1 : 0;
    Checked(av_stream_add_side_data(pictures_, AV_PKT_DATA_DOVI_CONF, reinterpret_cast<std::uint8_t*>(told),
                                    bytes),
            "side data");
  }

  void AddSoundStream() {
    sound_ = avformat_new_stream(format_, nullptr);
    sound_->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
    sound_->codecpar->codec_id = AV_CODEC_ID_PCM_S16LE;
    sound_->codecpar->format = AV_SAMPLE_FMT_S16;
    sound_->codecpar->sample_rate = 8000;
    sound_->codecpar->block_align = 2;
    sound_->codecpar->bits_per_coded_sample = 16;
    av_channel_layout_default(&sound_->codecpar->ch_layout, 1);
    sound_->time_base = {1, 8000};
  }

  void WriteSilence() {
    const AvPtr<AVPacket> packet(av_packet_alloc());
    Checked(av_new_packet(packet.get(), 8000), "packet");
    std::memset(packet->data, 0, 8000);
    packet->pts = packet->dts = 0;
    packet->duration = 4000;
    packet->stream_index = sound_->index;
    packet->flags |= AV_PKT_FLAG_KEY;
    av_packet_rescale_ts(packet.get(), {1, 8000}, sound_->time_base);
    Checked(av_interleaved_write_frame(format_, packet.get()), "sound");
  }

  void OpenEncoder(cv::Size size) {
    const AVCodec* codec = avcodec_find_encoder_by_name(video_.codec.c_str());
    if (codec == nullptr) throw Error("made video", "no encoder " + video_.codec);
    encoder_.reset(avcodec_alloc_context3(codec));
    encoder_->width = size.width;
    encoder_->height = size.height;
    encoder_->pix_fmt = av_get_pix_fmt(video_.pixels.c_str());
    encoder_->time_base = {1, 25};
    encoder_->framerate = {25, 1};
    encoder_->gop_size = 5;
    encoder_->max_b_frames = 0;
    encoder_->thread_count = 1;
    encoder_->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    encoder_->global_quality = 3 * FF_QP2LAMBDA;
    // A sequence that begins in the middle says its size in the stream.
    const bool global = (format_->oformat->flags & AVFMT_GLOBALHEADER) != 0;
    if (global) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* options = nullptr;
    av_dict_parse_string(&options, video_.encoder_options.c_str(), "=", ":", 0);
    const int opened = avcodec_open2(encoder_.get(), codec, &options);
    av_dict_free(&options);
    Checked(opened, "encoder");
    encoded_ = 0;
  }

  void Encode(const cv::Mat& picture) {
    if (picture.size() != cv::Size(encoder_->width, encoder_->height)) {
      Drain();
      OpenEncoder(picture.size());
    }
    const AvPtr<AVFrame> frame(av_frame_alloc());
    frame->width = picture.cols;
    frame->height = picture.rows;
    frame->format = encoder_->pix_fmt;
    frame->quality = encoder_->global_quality;
    frame->pts = encoded_++;
    Checked(av_frame_get_buffer(frame.get(), 0), "frame");
    const AvPtr<SwsContext> scaler(sws_getContext(
        picture.cols, picture.rows, AV_PIX_FMT_RGB24, picture.cols, picture.rows, encoder_->pix_fmt,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
    const std::uint8_t* rows[] = {picture.data, nullptr, nullptr, nullptr};
    const int strides[] = {static_cast<int>(picture.step[0]), 0, 0, 0};
    sws_scale(scaler.get(), rows, strides, 0, picture.rows, frame->data, frame->linesize);
    Checked(avcodec_send_frame(encoder_.get(), frame.get()), "encode");
    WriteReady();
  }

  void Drain() {
    if (encoder_ == nullptr) return;
    avcodec_send_frame(encoder_.get(), nullptr);
    WriteReady();
  }

  // The times are put on the packets: encoders want theirs in order.
  void WriteReady() {
    const AvPtr<AVPacket> packet(av_packet_alloc());
    while (avcodec_receive_packet(encoder_.get(), packet.get()) == 0) {
      const std::int64_t time = video_.times.empty() ? 40 * written_ : video_.times.at(written_);
      ++written_;
      packet->pts = packet->dts = time;
      packet->duration = 40;
      packet->stream_index = pictures_->index;
      av_packet_rescale_ts(packet.get(), kMilliseconds, pictures_->time_base);
      Checked(av_write_frame(format_, packet.get()), "packet");
      av_packet_unref(packet.get());
    }
  }

  const MadeVideo& video_;
  AVFormatContext* format_ = nullptr;
  AvPtr<AVCodecContext> encoder_;
  AVStream *pictures_ = nullptr, *sound_ = nullptr;
  std::int64_t encoded_ = 0, written_ = 0;
};

}  // namespace

void Write(const MadeVideo& video, const std::filesystem::path& path) { Writer(video, path).Run(); }

std::vector<cv::Mat> Noise(int frames, int width, int height) {
  std::vector<cv::Mat> pictures;
  cv::RNG random(1);
  for (int i = 0; i < frames; ++i) {
    cv::Mat& picture = pictures.emplace_back(height, width, CV_8UC3);
    random.fill(picture, cv::RNG::UNIFORM, 0, 256);
  }
  return pictures;
}

cv::Mat QuarteredPicture(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3, cv::Scalar(255, 255, 255));
  const int w = width / 2, h = height / 2;
  picture(cv::Rect(0, 0, w, h)) = cv::Scalar(255, 0, 0);
  picture(cv::Rect(w, 0, width - w, h)) = cv::Scalar(0, 255, 0);
  picture(cv::Rect(0, h, w, height - h)) = cv::Scalar(0, 0, 255);
  return picture;
}

std::string QuarterColours(const cv::Mat& picture) {
  std::string letters;
  for (const auto& [fx, fy] : {std::pair{1, 1}, {3, 1}, {1, 3}, {3, 3}}) {
    const auto pixel = picture.at<cv::Vec3b>(picture.rows * fy / 4, picture.cols * fx / 4);
    const int code = (pixel[0] > 128) * 4 + (pixel[1] > 128) * 2 + (pixel[2] > 128);
    letters += code == 4 ? 'r' : code == 2 ? 'g' : code == 1 ? 'b' : code == 7 ? 'w' : '?';
  }
  return letters;
}

}  // namespace seam
