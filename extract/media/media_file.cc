#include "extract/media/media_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

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
// No demuxer or decoder needs more at once for what passes the other limits.
constexpr std::size_t kMaxAllocation = std::size_t{1} << 30;
// Read errors in a row after which the rest of a file is given up.
constexpr int kMaxErrorsInARow = 100;

int RefuseToOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

Error NotMedia(const std::string& path, const std::string& problem) {
  return Error(
      path, problem,
      "Seam reads mp4, mov, 3gp, mkv, webm, avi, ts, mpg, flv, ogv, gif and jpg, png, webp, bmp, tiff");
}

std::int64_t BigEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::int64_t>::max()));
}

// An EBML number (RFC 8794, section 4): as many bytes as the first has leading zeros, and one; -1 where all
// its bits are ones, which means unknown, and where it is cut off. Moves `bytes` behind it.
std::int64_t TakeEbmlNumber(std::string_view* bytes) {
  if (bytes->empty()) return -1;
  const auto first = static_cast<unsigned char>(bytes->front());
  const auto length = static_cast<std::size_t>(std::countl_zero(first)) + 1;
  if (length > 8 || bytes->size() < length) return -1;
  const std::int64_t most = (std::int64_t{1} << (7 * length)) - 1;
  const std::int64_t number = BigEndian(bytes->substr(0, length)) & most;
  bytes->remove_prefix(length);
  return number == most ? -1 : number;
}

// How long the file has to be by the sizes in its first bytes, where its format tells; else 0.
std::int64_t PromisedBytes(std::string_view container, std::string_view head) {
  constexpr std::size_t kRiffHeader = 8, kIdBytes = 4;
  if ((container == "avi" || container == "webp_pipe") && head.size() >= kRiffHeader) {
    std::string size(head.substr(4, 4));  // little-endian
    std::reverse(size.begin(), size.end());
    return BigEndian(size) > 0 ? BigEndian(size) + static_cast<std::int64_t>(kRiffHeader) : 0;
  }
  if (!container.starts_with("matroska") || head.size() < kIdBytes) return 0;
  // The header, and then the segment, which is all the rest.
  std::string_view rest = head.substr(kIdBytes);
  const std::int64_t header = TakeEbmlNumber(&rest);
  if (header < 0 || static_cast<std::uint64_t>(header) + kIdBytes > rest.size()) return 0;
  rest.remove_prefix(static_cast<std::size_t>(header));
  if (!rest.starts_with("\x18\x53\x80\x67")) return 0;
  rest.remove_prefix(kIdBytes);
  const std::int64_t segment = TakeEbmlNumber(&rest);
  return segment < 0 ? 0 : static_cast<std::int64_t>(head.size() - rest.size()) + segment;
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

MediaFile::Input::Input(const std::string& path, Deadline end)
    : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), deadline(end) {
  if (descriptor < 0)
    throw Error(path, fmt::format("cannot be opened: {}", std::strerror(errno)), "check the path");
}

MediaFile::Input::~Input() { close(descriptor); }

bool MediaFile::Input::Stopped() const { return Interrupted() || deadline.Passed(); }

std::string MediaFile::Input::BytesAt(std::int64_t offset, std::size_t count) const {
  std::string bytes(count, '\0');
  const ssize_t there = pread(descriptor, bytes.data(), count, offset);
  bytes.resize(there > 0 ? static_cast<std::size_t>(there) : 0);
  return bytes;
}

int MediaFile::Read(void* opaque, std::uint8_t* buffer, int size) {
  const Input& input = *static_cast<Input*>(opaque);
  for (;;) {
    // libavformat does not ask its interrupt_callback where the input is ours.
    if (input.Stopped()) return AVERROR_EXIT;
    const ssize_t count = read(input.descriptor, buffer, static_cast<std::size_t>(size));
    if (count > 0) return static_cast<int>(count);
    if (count == 0) return AVERROR_EOF;
    if (errno != EINTR) return AVERROR(errno);
  }
}

std::int64_t MediaFile::Seek(void* opaque, std::int64_t offset, int whence) {
  const Input& input = *static_cast<Input*>(opaque);
  if (whence == AVSEEK_SIZE) return input.size;
  const off_t position = lseek(input.descriptor, offset, whence & ~AVSEEK_FORCE);
  return position >= 0 ? position : AVERROR(errno);
}

MediaFile::MediaFile(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
    : path_(path.string()), limits_(limits), input_(path_, deadline) {
  av_log_set_level(AV_LOG_QUIET);  // what users need of libav's words is in our errors
  av_max_alloc(kMaxAllocation);
  struct stat status = {};
  if (fstat(input_.descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    throw NotMedia(path_, "is not a file");
  if (status.st_size == 0) throw NotMedia(path_, "is empty (0 bytes)");
  input_.size = status.st_size;
  Open();
  FindStreams();
  SelectStream();
  CheckLimits();
}

// The name is left out of probing: only bytes decide.
const AVInputFormat* MediaFile::Probe() {
  constexpr std::int64_t kMostProbed = 1 << 20;
  const AVInputFormat* container = nullptr;
  const auto most = static_cast<unsigned>(std::min(limits_.probe_bytes, kMostProbed));
  const int probed = av_probe_input_buffer2(io_.get(), &container, "", nullptr, 0, most);
  if (probed < 0) throw NotMedia(path_, "is not a video or picture that Seam knows");
  if (std::find(kContainers.begin(), kContainers.end(), container->name) == kContainers.end()) {
    throw NotMedia(
        path_, fmt::format("is not a video: it looks like '{}', which Seam does not open", container->name));
  }
  return container;
}

void MediaFile::Open() {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBufferBytes));
  io_.reset(avio_alloc_context(buffer, kIoBufferBytes, 0, &input_, Read, nullptr, Seek));
  const AVInputFormat* container = Probe();
  AVFormatContext* context = avformat_alloc_context();
  context->pb = io_.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = RefuseToOpen;
  context->interrupt_callback = {[](void* input) { return static_cast<Input*>(input)->Stopped() ? 1 : 0; },
                                 &input_};
  context->max_streams = limits_.max_streams;
  context->probesize = limits_.probe_bytes;
  context->codec_whitelist = av_strdup(kDecoders);
  AVDictionary* options = nullptr;
  av_dict_set_int(&options, "enable_drefs", 0, 0);  // an mp4 may say that its data lies in another file
  const int opened =
      avformat_open_input(&context, "", container, &options);  // frees the context when it fails
  av_dict_free(&options);
  if (opened >= 0) {
    format_.reset(context);
    return;
  }
  std::string reason = AvErrorText(opened);
  if (opened == AVERROR(ENOMEM))
    reason = fmt::format("more than {} streams (--max-streams)", limits_.max_streams);
  if (std::string_view(container->name).starts_with("mov") && !HasIndex()) {
    throw Error(path_, "has no index (moov): the recording or the copy of it was not finished",
                "copy the file again; tools that mend mp4 files may save it");
  }
  throw NotMedia(path_, fmt::format("cannot be read as {}: {}", container->name, reason));
}

// Whether an mp4 has its index among its outermost boxes (ISO/IEC 14496-12, 4.2: 32-bit size, name; a size of
// 1 means 64 bits behind the name, 0 the rest of the file).
bool MediaFile::HasIndex() const {
  constexpr int kMostBoxes = 1000;
  std::int64_t offset = 0;
  for (int i = 0; i < kMostBoxes; ++i) {
    const std::string head = input_.BytesAt(offset, 16);
    if (head.size() < 8) return false;
    if (head.compare(4, 4, "moov") == 0) return true;
    std::int64_t size = BigEndian(std::string_view(head).substr(0, 4));
    if (size == 1) size = BigEndian(std::string_view(head).substr(8));
    if (size < 8 || size > input_.size - offset) return false;
    offset += size;
  }
  return false;
}

// Decoders that look into the first packets keep to the limits, too. They forget a size that is above them,
// so what the container says is looked at first.
void MediaFile::FindStreams() {
  const unsigned count = format_->nb_streams;
  for (unsigned i = 0; i < count; ++i) CheckSize(*format_->streams[i]->codecpar);
  std::vector<AVDictionary*> options(count, nullptr);
  for (AVDictionary*& entry : options) av_dict_set_int(&entry, "max_pixels", limits_.max_pixels, 0);
  // What it cannot find out here the decoder will say better.
  avformat_find_stream_info(format_.get(), options.empty() ? nullptr : options.data());
  for (AVDictionary*& entry : options) av_dict_free(&entry);
}

void MediaFile::SelectStream() {
  const int index = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) throw Error(path_, "has no video stream", "a file with sound only cannot be scored");
  stream_ = format_->streams[index];
  if ((stream_->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    throw Error(path_, "has no video stream, only sound and its cover",
                "a file with sound only cannot be scored");
  }
  ReadOnly(index);
}

bool MediaFile::SelectSound() {
  int index = av_find_best_stream(format_.get(), AVMEDIA_TYPE_AUDIO, -1, stream_->index, nullptr, 0);
  // That passes over streams whose rate is in their packets alone.
  for (unsigned i = 0; i < format_->nb_streams && index < 0; ++i) {
    if (format_->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) index = static_cast<int>(i);
  }
  if (index < 0) return false;
  stream_ = format_->streams[index];
  ReadOnly(index);
  return true;
}

void MediaFile::ReadOnly(int index) {
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    format_->streams[i]->discard = static_cast<int>(i) == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

void MediaFile::CheckSize(const AVCodecParameters& picture) const {
  if (std::int64_t{picture.width} * picture.height <= limits_.max_pixels) return;
  throw Error(path_, fmt::format("has frames of {}x{} pixels", picture.width, picture.height),
              fmt::format("--max-pixels allows {}", limits_.max_pixels));
}

void MediaFile::CheckLimits() const {
  CheckSize(*stream_->codecpar);
  const double seconds = ToldSeconds();
  if (limits_.max_duration > 0 && seconds > limits_.max_duration) {
    throw Error(path_, fmt::format("says that it lasts {:.0f} seconds", seconds),
                fmt::format("--max-duration allows {:g}", limits_.max_duration));
  }
}

// By its index, else by its header; 0 where neither tells.
double MediaFile::ToldSeconds() const {
  const int entries = avformat_index_get_entries_count(stream_);
  if (IsMov() && entries > 0) {
    const auto* last = avformat_index_get_entry(stream_, entries - 1);
    return static_cast<double>(last->timestamp) * av_q2d(stream_->time_base);
  }
  const bool told = format_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM;
  if (!told || format_->duration == AV_NOPTS_VALUE) return 0;
  return static_cast<double>(format_->duration) / AV_TIME_BASE;
}

bool MediaFile::ReadPacket(AVPacket* packet) {
  for (int errors = 0; errors < kMaxErrorsInARow && !input_.Stopped();) {
    av_packet_unref(packet);
    const int status = av_read_frame(format_.get(), packet);
    if (status == AVERROR_EOF || status == AVERROR_EXIT) return false;
    if (status < 0) {
      ++errors;
      if (status != AVERROR(EAGAIN)) read_error_ = AvErrorText(status);
      continue;
    }
    if (!read_error_.empty()) ++unreadable_places_;
    read_error_.clear();
    errors = 0;
    Note(*packet);
    if (packet->stream_index != stream_->index) continue;
    ++packets_;
    return true;
  }
  return false;
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

bool MediaFile::IsMov() const { return std::string_view(format_->iformat->name).starts_with("mov"); }

bool MediaFile::EndsEarly() const {
  const std::string_view container = format_->iformat->name;
  if (IsMov()) return packets_ < avformat_index_get_entries_count(stream_);
  if (container == "mpegts") {
    // Plain, with times of arrival, with error correction.
    const auto whole = [this](std::int64_t bytes) { return input_.size % bytes == 0; };
    return !whole(188) && !whole(192) && !whole(204);
  }
  if (container == "gif") {
    const std::int64_t kTail = 256;
    std::string tail = input_.BytesAt(std::max<std::int64_t>(input_.size - kTail, 0), kTail);
    tail.resize(tail.find_last_not_of('\0') + 1);
    return !tail.ends_with(';');
  }
  const std::int64_t promised = PromisedBytes(container, input_.BytesAt(0, 256));
  if (promised > 0) return promised > input_.size;
  const bool has_length = container.starts_with("matroska") || container == "flv";
  return has_length ? ToldSeconds() > 1.1 * last_seconds_ + 1 : !picture_ends_;
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
  decoder->max_pixels = file->limits().max_pixels;
  decoder->codec_whitelist = av_strdup(kDecoders);
  status = avcodec_open2(decoder.get(), codec, nullptr);
  if (status < 0) {
    throw Error(file->path(), fmt::format("its codec '{}' cannot be decoded: {}", name, AvErrorText(status)));
  }
  return decoder;
}

}  // namespace seam
