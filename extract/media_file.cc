#include "extract/media_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"

namespace seam {
namespace {

// Names of libavformat's demuxers. A demuxer that opens other files (hls, concat, dash, sdp, image2) must
// never stand here.
constexpr std::array<std::string_view, 13> kContainers = {"mov,mp4,m4a,3gp,3g2,mj2",
                                                          "matroska,webm",
                                                          "avi",
                                                          "mpegts",
                                                          "mpeg",
                                                          "flv",
                                                          "gif",
                                                          "jpeg_pipe",
                                                          "png_pipe",
                                                          "webp_pipe",
                                                          "bmp_pipe",
                                                          "ogg",
                                                          "tiff_pipe"};

// Names of libavcodec's decoders, as its codec_whitelist wants them.
constexpr const char* kDecoders =
    "h264,hevc,libdav1d,av1,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,h263,mjpeg,"
    "msmpeg4v2,"
    "msmpeg4,wmv1,wmv2,flv,vp6f,prores,dnxhd,ffv1,huffyuv,rawvideo,theora,gif,png,webp,bmp,tiff";

constexpr int kIoBufferBytes = 1 << 16;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;

int ReadDescriptor(void* opaque, std::uint8_t* buffer, int size) {
  for (;;) {
    // libavformat does not ask its interrupt_callback where the input is ours.
    if (Interrupted()) return AVERROR_EXIT;
    const ssize_t count = read(*static_cast<int*>(opaque), buffer, static_cast<std::size_t>(size));
    if (count > 0) return static_cast<int>(count);
    if (count == 0) return AVERROR_EOF;
    if (errno != EINTR) return AVERROR(errno);
  }
}

std::int64_t SeekDescriptor(void* opaque, std::int64_t offset, int whence) {
  const int descriptor = *static_cast<int*>(opaque);
  if (whence == AVSEEK_SIZE) {
    struct stat status = {};
    return fstat(descriptor, &status) == 0 ? status.st_size : AVERROR(errno);
  }
  const off_t position = lseek(descriptor, offset, whence & ~AVSEEK_FORCE);
  return position >= 0 ? position : AVERROR(errno);
}

int RefuseToOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

int StopRequested(void*) { return Interrupted() ? 1 : 0; }

Error NotMedia(const std::string& path, const std::string& problem) {
  return Error(
      path, problem,
      "Seam reads mp4, mov, 3gp, mkv, webm, avi, ts, mpg, flv, ogv, gif and jpg, png, webp, bmp, tiff");
}

}  // namespace

void AvDeleter::operator()(AVFormatContext* context) const { avformat_close_input(&context); }

void AvDeleter::operator()(AVIOContext* context) const {
  av_freep(&context->buffer);
  avio_context_free(&context);
}

std::string AvErrorText(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text = {};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

MediaFile::MediaFile(const std::filesystem::path& path) : path_(path.string()) {
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0)
    throw Error(path_, fmt::format("cannot be opened: {}", std::strerror(errno)), "check the path");
  try {
    Open();
    SelectStream();
  } catch (...) {
    format_.reset();
    io_.reset();
    close(descriptor_);
    throw;
  }
}

MediaFile::~MediaFile() {
  format_.reset();
  io_.reset();
  close(descriptor_);
}

void MediaFile::Open() {
  av_log_set_level(AV_LOG_QUIET);  // what users need of libav's words is in our errors
  struct stat status = {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) throw NotMedia(path_, "is not a file");
  if (status.st_size == 0) throw NotMedia(path_, "is empty (0 bytes)");
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBufferBytes));
  io_.reset(
      avio_alloc_context(buffer, kIoBufferBytes, 0, &descriptor_, ReadDescriptor, nullptr, SeekDescriptor));

  // The name is left out of probing: only bytes decide.
  const AVInputFormat* container = nullptr;
  const int probed = av_probe_input_buffer2(io_.get(), &container, "", nullptr, 0, 0);
  if (probed < 0) throw NotMedia(path_, "is not a video or picture that Seam knows");
  if (std::find(kContainers.begin(), kContainers.end(), container->name) == kContainers.end()) {
    throw NotMedia(
        path_, fmt::format("is not a video: it looks like '{}', which Seam does not open", container->name));
  }

  AVFormatContext* context = avformat_alloc_context();
  context->pb = io_.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = RefuseToOpen;
  context->interrupt_callback = {StopRequested, nullptr};
  context->max_streams = 64;
  context->codec_whitelist = av_strdup(kDecoders);
  const int opened =
      avformat_open_input(&context, "", container, nullptr);  // frees the context when it fails
  if (opened < 0)
    throw NotMedia(path_, fmt::format("cannot be read as {}: {}", container->name, AvErrorText(opened)));
  format_.reset(context);
}

void MediaFile::SelectStream() {
  // What it cannot find out here the decoder will say better.
  avformat_find_stream_info(format_.get(), nullptr);
  const int index = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) throw Error(path_, "has no video stream", "a file with sound only cannot be scored");
  stream_ = format_->streams[index];
  if ((stream_->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    throw Error(path_, "has no video stream, only sound and its cover",
                "a file with sound only cannot be scored");
  }
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    format_->streams[i]->discard = static_cast<int>(i) == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

bool MediaFile::ReadPacket(AVPacket* packet) {
  for (;;) {
    av_packet_unref(packet);
    const int status = av_read_frame(format_.get(), packet);
    if (status < 0) {
      if (status != AVERROR_EOF) read_error_ = AvErrorText(status);
      return false;
    }
    Note(*packet);
    if (packet->stream_index != stream_->index) continue;
    ++packets_;
    return true;
  }
}

void MediaFile::Note(const AVPacket& packet) {
  const std::int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (time != AV_NOPTS_VALUE) {
    const AVRational tick = format_->streams[packet.stream_index]->time_base;
    last_seconds_ = std::max(last_seconds_, static_cast<double>(time + packet.duration) * av_q2d(tick));
  }
  if (std::string_view(format_->iformat->name) == "jpeg_pipe") {
    // Coded data never holds FF D9, so one behind the last scan's header is the picture's end.
    const std::string_view bytes(reinterpret_cast<const char*>(packet.data),
                                 static_cast<std::size_t>(packet.size));
    const std::size_t scan = bytes.rfind("\xff\xda"), end = bytes.rfind("\xff\xd9");
    picture_ends_ = end != std::string_view::npos && (scan == std::string_view::npos || end > scan);
  }
}

bool MediaFile::EndsEarly() const {
  const std::string_view container = format_->iformat->name;
  if (container.starts_with("mov")) return packets_ < avformat_index_get_entries_count(stream_);
  if (container.starts_with("matroska") && format_->duration != AV_NOPTS_VALUE) {
    const double promised = static_cast<double>(format_->duration) / AV_TIME_BASE;
    return promised > 1.1 * last_seconds_ + 1;
  }
  return !picture_ends_;
}

AvPtr<AVCodecContext> OpenDecoder(MediaFile* file) {
  const AVCodecParameters* parameters = file->stream()->codecpar;
  const AVCodec* codec = avcodec_find_decoder(parameters->codec_id);
  const std::string name = avcodec_get_name(parameters->codec_id);
  if (codec == nullptr) throw Error(file->path(), fmt::format("no decoder for its codec '{}'", name));
  AvPtr<AVCodecContext> decoder(avcodec_alloc_context3(codec));
  int status = avcodec_parameters_to_context(decoder.get(), parameters);
  if (status < 0) throw Error(file->path(), "its video stream is damaged: " + AvErrorText(status));
  decoder->pkt_timebase = file->stream()->time_base;
  decoder->thread_count = 1;
  decoder->max_pixels = kMaxPixels;
  decoder->codec_whitelist = av_strdup(kDecoders);
  status = avcodec_open2(decoder.get(), codec, nullptr);
  if (status < 0) {
    throw Error(file->path(), fmt::format("its codec '{}' cannot be decoded: {}", name, AvErrorText(status)));
  }
  return decoder;
}

}  // namespace seam
