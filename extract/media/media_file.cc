#include "extract/media/media_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/media/boxes.h"
#include "extract/media/file_end.h"
#include "extract/media/media_kind.h"
#include "extract/media/stream_end.h"

namespace seam {
namespace {

constexpr const char* kConvertHint = "convert it to H.264 with a program that reads it";
constexpr int kIoBufferBytes = 1 << 16;
// No demuxer or decoder needs more at once for what passes the other limits.
constexpr std::size_t kMaxAllocation = std::size_t{1} << 30;
// Read errors in a row after which the rest of a file is given up.
constexpr int kMaxErrorsInARow = 100;

// Where a PNG picture ends; none where it is something else, damaged, or where another PNG follows.
std::optional<std::int64_t> EndOfOnePng(const InputFile& file) {
  constexpr std::string_view kMark = "\x89PNG\r\n\x1a\n";
  if (file.BytesAt(0, kMark.size()) != kMark) return std::nullopt;
  const std::optional<std::int64_t> end = EndOfPng(file);
  const bool is_film = end && file.BytesAt(*end, kMark.size()) == kMark;
  return is_film ? std::nullopt : end;
}

// The numbers of an mp4's tracks that only help others: transparency and depth (ISO/IEC 14496-12, 12.1).
std::set<std::int64_t> HelpingTracks(const InputFile& file) {
  constexpr int kMostTracks = 1000;
  std::set<std::int64_t> tracks;
  const std::optional<FileBox> index = FindBox(file, "moov");
  std::optional<FileBox> track = index ? FindBox(file, "trak", *index) : std::nullopt;
  for (int i = 0; i < kMostTracks && track; ++i) {
    const std::optional<FileBox> header = FindBox(file, "tkhd", *track),
                                 media = FindBox(file, "mdia", *track);
    const std::optional<FileBox> handler = media ? FindBox(file, "hdlr", *media) : std::nullopt;
    if (header && handler && file.BytesAt(handler->offset + 16, 4) == "auxv") {
      const bool is_long = file.BytesAt(header->offset + 8, 1) == "\1";
      tracks.insert(BigEndian(file.BytesAt(header->offset + (is_long ? 28 : 20), 4)));
    }
    track = FindBox(file, "trak", track->offset + track->size);
  }
  return tracks;
}

int RefuseToOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

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

int MediaFile::Read(void* opaque, std::uint8_t* buffer, int size) {
  auto& file = *static_cast<MediaFile*>(opaque);
  // libavformat does not ask its interrupt_callback where the input is ours.
  if (file.input_.Stopped()) return AVERROR_EXIT;
  const std::int64_t count = file.input_.Read(file.position_, buffer, static_cast<std::size_t>(size));
  if (count == 0) return AVERROR_EOF;
  if (count < 0) return AVERROR(static_cast<int>(-count));
  file.position_ += count;
  return static_cast<int>(count);
}

std::int64_t MediaFile::Seek(void* opaque, std::int64_t offset, int whence) {
  auto& file = *static_cast<MediaFile*>(opaque);
  const int from = whence & ~AVSEEK_FORCE;
  if (whence == AVSEEK_SIZE) return file.input_.size();
  if (from == SEEK_CUR) offset += file.position_;
  if (from == SEEK_END) offset += file.input_.size();
  if (offset < 0) return AVERROR(EINVAL);
  return file.position_ = offset;
}

MediaFile::MediaFile(const FilePlace& place, const MediaLimits& limits, Deadline deadline)
    : limits_(limits), input_(place, std::move(deadline)), jpeg_(LookIntoJpeg(input_)) {
  av_log_set_level(AV_LOG_QUIET);  // what users need of libav's words is in our errors
  av_max_alloc(kMaxAllocation);
  if (jpeg_.has_end && !jpeg_.is_film) input_.CutTo(jpeg_.first_end);
  if (const auto end = EndOfOnePng(input_)) input_.CutTo(*end);
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
  if (jpeg_.is_jpeg) return av_find_input_format(jpeg_.is_film ? "mjpeg" : "jpeg_pipe");
  const int probed = av_probe_input_buffer2(io_.get(), &container, "", nullptr, 0, most);
  const std::string unread = UnreadKind(input_.BytesAt(0, 16));
  if (!unread.empty())
    throw Error(path(), fmt::format("is coded as {}, which Seam does not read", unread), kConvertHint);
  if (probed < 0) ThrowNotMedia(path(), "is not a video or picture that Seam knows");
  if (!IsListed(*container, probed)) {
    ThrowNotMedia(
        path(), fmt::format("is not a video: it looks like '{}', which Seam does not open", container->name));
  }
  return container;
}

void MediaFile::Open() {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBufferBytes));
  io_.reset(avio_alloc_context(buffer, kIoBufferBytes, 0, this, Read, nullptr, Seek));
  const AVInputFormat* container = Probe();
  AVFormatContext* context = avformat_alloc_context();
  context->pb = io_.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = RefuseToOpen;
  context->interrupt_callback = {
      [](void* input) { return static_cast<InputFile*>(input)->Stopped() ? 1 : 0; }, &input_};
  context->max_streams = limits_.max_streams;
  context->probesize = limits_.probe_bytes;
  context->codec_whitelist = av_strdup(ListedDecoders());
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
  if (std::string_view(container->name).starts_with("mov") && !FindBox(input_, "moov")) {
    throw Error(path(), "has no index (moov): the recording or the copy of it was not finished",
                "copy the file again; tools that mend mp4 files may save it");
  }
  ThrowNotMedia(path(), fmt::format("cannot be read as {}: {}", container->name, reason));
}

// Decoders that look into the first packets keep to the limits, too. They forget a size that is above them,
// so what the container says is looked at first.
void MediaFile::FindStreams() {
  const unsigned count = format_->nb_streams;
  for (unsigned i = 0; i < count; ++i) {
    const AVCodecParameters& told = *format_->streams[i]->codecpar;
    CheckSize(told);
    colours_.push_back({told.color_primaries, told.color_trc, told.color_space});
  }
  std::vector<AVDictionary*> options(count, nullptr);
  for (AVDictionary*& entry : options) av_dict_set_int(&entry, "max_pixels", limits_.max_pixels, 0);
  // What it cannot find out here the decoder will say better.
  avformat_find_stream_info(format_.get(), options.empty() ? nullptr : options.data());
  for (AVDictionary*& entry : options) av_dict_free(&entry);
}

void MediaFile::CompleteColours(AVFrame* frame) const {
  const auto index = static_cast<std::size_t>(stream_->index);
  if (index >= colours_.size()) return;
  const Colours& told = colours_[index];
  if (frame->color_primaries == AVCOL_PRI_UNSPECIFIED) frame->color_primaries = told.primaries;
  if (frame->color_trc == AVCOL_TRC_UNSPECIFIED) frame->color_trc = told.transfer;
  if (frame->colorspace == AVCOL_SPC_UNSPECIFIED) frame->colorspace = told.matrix;
}

void MediaFile::SelectStream() {
  // libavformat prefers a default stream.
  const std::set<std::int64_t> helping = IsMov() ? HelpingTracks(input_) : std::set<std::int64_t>();
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (helping.count(format_->streams[i]->id) > 0)
      format_->streams[i]->disposition &= ~AV_DISPOSITION_DEFAULT;
  }
  const int index = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) throw Error(path(), "has no video stream", "a file with sound only cannot be scored");
  stream_ = format_->streams[index];
  if ((stream_->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    throw Error(path(), "has no video stream, only sound and its cover",
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
  throw Error(path(), fmt::format("has frames of {}x{} pixels", picture.width, picture.height),
              fmt::format("--max-pixels allows {}", limits_.max_pixels));
}

void MediaFile::CheckLimits() const {
  CheckSize(*stream_->codecpar);
  const double seconds = ToldSeconds();
  if (limits_.max_duration > 0 && seconds > limits_.max_duration) {
    throw Error(path(), fmt::format("says that it lasts {:.0f} seconds", seconds),
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
  if (ahead_.empty()) {
    if (!ReadNext(packet)) return false;
  } else {
    av_packet_unref(packet);
    av_packet_move_ref(packet, ahead_.front().packet.get());
    ahead_.pop_front();
  }
  if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0 && IsJoint(*packet)) packet->flags &= ~AV_PKT_FLAG_CORRUPT;
  ++packets_;
  return true;
}

void MediaFile::BeginAtKeyFrame() {
  constexpr std::size_t kMostLeftOut = 300;
  bool begins = false;
  while (!begins && ahead_.size() <= kMostLeftOut && ReadAhead())
    begins = (ahead_.back().packet->flags & AV_PKT_FLAG_KEY) != 0;
  if (IsEncrypted(input_, *format_->iformat, *stream_,
                  ahead_.empty() ? nullptr : ahead_.front().packet.get())) {
    throw Error(path(), "is encrypted (copy protection): its frames can be decoded only with a key",
                "ask for a copy without protection, or record the screen while it plays");
  }
  if (HasOwnColours(*stream_)) {
    throw Error(path(), "is a Dolby Vision film whose colours only such a player can show (profile 5)",
                "ask for the film in another format, or record the screen while it plays");
  }
  if (!begins) return;
  left_out_ = static_cast<std::int64_t>(ahead_.size()) - 1;
  packets_ += left_out_;
  ahead_.erase(ahead_.begin(), ahead_.end() - 1);
}

bool MediaFile::ReadAhead() {
  Ahead next{AvPtr<AVPacket>(av_packet_alloc())};
  if (!ReadNext(next.packet.get(), &next.jumped)) return false;
  ahead_.push_back(std::move(next));
  return true;
}

// Where recordings were joined, the counters of a transport stream's packets jump, which marks the last
// packet before, or the one before that, as incomplete: libavformat's parsers are one packet late. It is
// whole if the times jump there, too, or if its bytes show that a recording ended and another began.
bool MediaFile::IsJoint(const AVPacket& packet) {
  constexpr std::size_t kLate = 2;
  if (std::string_view(format_->iformat->name) != "mpegts") return false;
  while (ahead_.size() < kLate && ReadAhead()) continue;
  std::int64_t last = packet.pos;
  for (std::size_t i = 0; i < std::min(kLate, ahead_.size()); ++i) {
    if (ahead_[i].jumped) return true;
    last = std::max(last, ahead_[i].packet->pos);
  }
  return packet.pos >= 0 && IsJoinedWithin(input_, static_cast<unsigned>(stream_->id), packet.pos, last);
}

// Moves the packet's times so that they go on where those of the recording before ended, as players do; true
// where they jumped. Formats that have no joints of their own may have gaps.
bool MediaFile::Continue(AVPacket* packet) {
  constexpr double kBack = -0.5, kGap = 10;
  if (packet->dts == AV_NOPTS_VALUE) return false;
  const std::int64_t before = last_time_.value_or(packet->dts);
  const double jump = av_q2d(stream_->time_base) *
                      static_cast<double>(av_sat_sub64(av_sat_add64(packet->dts, shift_), before));
  const bool has_joints = (format_->iformat->flags & AVFMT_TS_DISCONT) != 0;
  const bool jumped = jump < (has_joints ? 0 : kBack) || (has_joints && jump > kGap);
  if (jumped) shift_ = av_sat_sub64(av_sat_add64(before, last_duration_), packet->dts);
  packet->dts = av_sat_add64(packet->dts, shift_);
  if (packet->pts != AV_NOPTS_VALUE) packet->pts = av_sat_add64(packet->pts, shift_);
  last_time_ = packet->dts;
  last_duration_ = std::max<std::int64_t>(packet->duration, 0);
  return jumped;
}

bool MediaFile::ReadNext(AVPacket* packet, bool* jumped) {
  for (int errors = 0; errors < kMaxErrorsInARow && !input_.Stopped();) {
    av_packet_unref(packet);
    const int status = av_read_frame(format_.get(), packet);
    if (status == AVERROR_EOF || status == AVERROR_EXIT) return false;
    // A multipart stream has no end mark that libavformat knows.
    if (status < 0 && avio_feof(io_.get()) != 0 && std::string_view(format_->iformat->name) == "mpjpeg")
      return false;
    if (status < 0) {
      ++errors;
      if (status != AVERROR(EAGAIN)) read_error_ = AvErrorText(status);
      continue;
    }
    if (!read_error_.empty()) ++unreadable_places_;
    read_error_.clear();
    errors = 0;
    Note(*packet);
    if (packet->stream_index != stream_->index || IsHeader(*packet)) continue;
    const bool has_jumped = Continue(packet);
    if (jumped != nullptr) *jumped = has_jumped;
    return true;
  }
  return false;
}

// Joined ogg files begin anew with the headers of Theora, which are no frames.
bool MediaFile::IsHeader(const AVPacket& packet) const {
  return stream_->codecpar->codec_id == AV_CODEC_ID_THEORA && packet.size > 0 && (packet.data[0] & 0x80) != 0;
}

void MediaFile::Note(const AVPacket& packet) {
  const std::int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (time != AV_NOPTS_VALUE) {
    const AVRational tick = format_->streams[packet.stream_index]->time_base;
    last_seconds_ = std::max(last_seconds_, static_cast<double>(time + packet.duration) * av_q2d(tick));
  }
}

bool MediaFile::IsMov() const { return std::string_view(format_->iformat->name).starts_with("mov"); }

bool MediaFile::EndsEarly() const {
  const std::string_view container = format_->iformat->name;
  if (IsMov() && packets_ < avformat_index_get_entries_count(stream_)) return true;
  if (const std::optional<bool> cut = IsCutOff(container, input_)) return *cut;
  const bool has_length = container.starts_with("matroska") || container == "flv";
  return has_length ? ToldSeconds() > 1.1 * last_seconds_ + 1 : jpeg_.is_jpeg && !jpeg_.has_end;
}

AvPtr<AVCodecContext> OpenDecoder(MediaFile* file) {
  const AVCodecParameters* parameters = file->stream()->codecpar;
  const AVCodec* codec = avcodec_find_decoder(parameters->codec_id);
  const std::string name = CodecWords(file->input(), *file->format()->iformat, *parameters);
  const std::string coded = name.empty() ? "in a way that the file does not name" : "as " + name;
  if (codec == nullptr)
    throw Error(file->path(), fmt::format("is coded {}, which Seam does not decode", coded), kConvertHint);
  AvPtr<AVCodecContext> decoder(avcodec_alloc_context3(codec));
  int status = avcodec_parameters_to_context(decoder.get(), parameters);
  if (status < 0) throw Error(file->path(), "its video stream is damaged: " + AvErrorText(status));
  decoder->pkt_timebase = file->stream()->time_base;
  decoder->thread_count = 1;
  decoder->max_pixels = file->limits().max_pixels;
  decoder->codec_whitelist = av_strdup(ListedDecoders());
  status = avcodec_open2(decoder.get(), codec, nullptr);
  if (status < 0) {
    // A decoder that is not on the list is refused as an invalid argument.
    const std::string why = status == AVERROR(EINVAL) ? "" : ": " + AvErrorText(status);
    throw Error(file->path(), fmt::format("is coded {}, which Seam does not decode{}", coded, why),
                kConvertHint);
  }
  return decoder;
}

}  // namespace seam
