#include "extract/media/video_reader.h"

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/media/av.h"
#include "extract/media/media_file.h"

namespace seam {
namespace {

// 77 hours of 60 frames a second. Their times are held in memory.
constexpr std::int64_t kMaxPackets = std::int64_t{1} << 24;

// Whether every byte of `packet` was there to read.
bool IsWhole(const AVPacket& packet) { return (packet.flags & AV_PKT_FLAG_CORRUPT) == 0; }

const std::int32_t* DisplayMatrixOf(const AVStream* stream) {
  return reinterpret_cast<const std::int32_t*>(
      av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
}

// What was wrong with what has been read, all of it if `at_end`, in words.
std::string DamageIn(const MediaFile& file, bool at_end, std::int64_t packets, std::int64_t frames) {
  std::vector<std::string> parts;
  if (at_end && file.EndsEarly()) parts.emplace_back("the file is cut off: it ends before it should");
  if (!file.read_error().empty()) parts.push_back("reading stopped: " + file.read_error());
  if (packets > 0) parts.push_back(fmt::format("damaged packets: {}", packets));
  if (frames > 0) parts.push_back(fmt::format("damaged frames: {}", frames));
  return fmt::format("{}", fmt::join(parts, "; "));
}

// Note [Leaving frames out]: a packet is passed over only where the decoder can begin anew behind it, and
// that is known for these codecs and containers alone: every packet is a frame with its own time. For H.264
// and H.265 a container's word that a packet is a key frame is not enough (a "recovery point" leans on
// earlier frames): it must hold an IDR picture, or for H.265 any intra random access picture.
bool CanLeaveOut(MediaFile& file) {
  const std::string_view container = file.format()->iformat->name;
  if (!container.starts_with("mov") && !container.starts_with("matroska")) return false;
  switch (file.stream()->codecpar->codec_id) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_MPEG4:
      return true;
    default:
      return false;
  }
}

// Calls `visit` with the first byte of each NAL unit of a packet whose units carry their lengths (ISO/IEC
// 14496-15).
template <class Visit>
void ForEachUnit(const AVPacket& packet, int length_bytes, const Visit& visit) {
  const std::uint8_t* at = packet.data;
  const std::uint8_t* const end = packet.data + packet.size;
  while (end - at > length_bytes) {
    std::size_t length = 0;
    for (int i = 0; i < length_bytes; ++i) length = length << 8U | *at++;
    visit(*at);
    if (length > static_cast<std::size_t>(end - at)) return;
    at += length;
  }
}

bool IsStart(const AVPacket& packet, const AVCodecParameters& codec) {
  if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return false;
  if (codec.codec_id == AV_CODEC_ID_MPEG4) return true;
  const bool is_h264 = codec.codec_id == AV_CODEC_ID_H264;
  const int place = is_h264 ? 4 : 21;  // of the length's size in avcC and hvcC
  if (codec.extradata_size <= place || codec.extradata[0] != 1) return false;
  bool found = false;
  ForEachUnit(packet, (codec.extradata[place] & 3) + 1, [&](std::uint8_t first) {
    const int type = is_h264 ? first & 0x1F : first >> 1U & 0x3F;
    found = found || (is_h264 ? type == 5 : type >= 16 && type <= 21);
  });
  return found;
}

}  // namespace

struct VideoReader::Impl {
  Impl(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
      : file(path, limits, deadline),
        decoder(OpenDecoder(&file)),
        packet(av_packet_alloc()),
        frame(av_frame_alloc()),
        orientation(OrientationOf(DisplayMatrixOf(file.stream()))) {}

  // Gives the decoder one more packet, or the end of what it is to decode.
  void Feed() {
    bool passed_over = false;
    for (;; passed_over = true) {
      if (planned && position == plan.size()) return End();
      if (!file.ReadPacket(packet.get())) {
        file_ended = true;
        return End();
      }
      use = planned ? plan[position++] : PacketUse::kShow;
      if (use != PacketUse::kPassOver) break;
    }
    if (passed_over && fed) {
      // What it still holds comes first, then this packet.
      waits = true;
      avcodec_send_packet(decoder.get(), nullptr);
    } else {
      Send();
    }
  }

  void End() {
    draining = true;
    avcodec_send_packet(decoder.get(), nullptr);
  }

  // Whether there is more to decode behind what the decoder has just given out to its end.
  bool GoOn() {
    if (!waits) return false;
    waits = false;
    avcodec_flush_buffers(decoder.get());
    Send();
    return true;
  }

  void Send() {
    fed = true;
    decoder->skip_frame = use == PacketUse::kShow ? AVDISCARD_DEFAULT : AVDISCARD_NONREF;
    // A decoder that is given what it asked for refuses it only for what is in it.
    if (!IsWhole(*packet) || avcodec_send_packet(decoder.get(), packet.get()) < 0) ++damaged_packets;
    av_packet_unref(packet.get());
  }

  FrameStamp Stamp() {
    const std::int64_t counted = next_index++;
    const double seconds = SecondsOf(counted);
    if (!planned) return {counted, seconds};
    const auto place = std::lower_bound(times.begin(), times.end(), seconds);
    return {place - times.begin(), seconds};
  }

  double SecondsOf(std::int64_t index) const {
    const AVStream* stream = file.stream();
    if (frame->best_effort_timestamp != AV_NOPTS_VALUE) {
      return static_cast<double>(frame->best_effort_timestamp) * av_q2d(stream->time_base);
    }
    const AVRational rate = stream->avg_frame_rate.num > 0 ? stream->avg_frame_rate : AVRational{25, 1};
    return static_cast<double>(index) / av_q2d(rate);
  }

  MediaFile file;
  AvPtr<AVCodecContext> decoder;
  AvPtr<AVPacket> packet;
  AvPtr<AVFrame> frame;
  Orientation orientation;
  std::int64_t next_index = 0, damaged_packets = 0, damaged_frames = 0;
  bool draining = false, file_ended = false;

  // Of ShowOnly().
  bool planned = false;
  std::vector<double> times;  // of all frames
  std::vector<PacketUse> plan;
  std::size_t position = 0;  // of the next packet
  PacketUse use = PacketUse::kShow;
  bool fed = false, waits = false;  // a packet waits for the decoder to give out what it holds
};

VideoReader::VideoReader(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
    : impl_(std::make_unique<Impl>(path, limits, deadline)) {}

VideoReader::~VideoReader() = default;

void VideoReader::ShowOnly(const VideoScan& scan, const std::vector<double>& wanted) {
  if (scan.order.empty()) return;
  impl_->planned = true;
  impl_->times = scan.times;
  impl_->plan = PlanDecoding(scan.order, wanted);
}

std::optional<FrameStamp> VideoReader::Next() {
  Impl& impl = *impl_;
  // A decoder that answers every call with an error is given up.
  constexpr int kMaxErrorsInARow = 1000;
  for (int errors = 0; errors < kMaxErrorsInARow;) {
    const int status = avcodec_receive_frame(impl.decoder.get(), impl.frame.get());
    if (status == 0) {
      if (impl.frame->decode_error_flags != 0 || (impl.frame->flags & AV_FRAME_FLAG_CORRUPT) != 0)
        ++impl.damaged_frames;
      return impl.Stamp();
    }
    if (status == AVERROR_EOF) {
      if (!impl.GoOn()) return std::nullopt;
    } else if (status != AVERROR(EAGAIN)) {
      // What the decoder still holds comes with the next calls.
      ++impl.damaged_frames;
      ++errors;
    } else if (impl.draining || impl.waits) {
      if (!impl.GoOn()) return std::nullopt;
    } else {
      impl.Feed();
    }
  }
  return std::nullopt;
}

VideoFrame VideoReader::Frame() const {
  AVFrame* frame = impl_->frame.get();
  std::shared_ptr<const AVFrame> shared(av_frame_clone(frame), AvDeleter{});
  if (shared == nullptr) throw std::bad_alloc();
  // The container's word goes before the codec's.
  AVFormatContext* format = impl_->file.format();
  const AVRational aspect =
      av_guess_sample_aspect_ratio(format, format->streams[impl_->file.stream()->index], frame);
  return {std::move(shared), impl_->orientation, aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1.0};
}

std::string VideoReader::damage() const {
  const Impl& impl = *impl_;
  return DamageIn(impl.file, impl.file_ended, damaged_packets(), impl.damaged_frames);
}

std::int64_t VideoReader::damaged_packets() const {
  return impl_->damaged_packets + impl_->file.unreadable_places();
}

std::int64_t VideoReader::damaged_frames() const { return impl_->damaged_frames; }

VideoScan ScanVideo(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline) {
  MediaFile file(path, limits, deadline);
  const double tick = av_q2d(file.stream()->time_base);
  VideoScan scan;
  std::int64_t last_dts = std::numeric_limits<std::int64_t>::min();
  const AvPtr<AVPacket> packet(av_packet_alloc());
  bool plannable = CanLeaveOut(file);
  while (file.ReadPacket(packet.get())) {
    plannable = plannable && packet->pts != AV_NOPTS_VALUE;
    if (plannable) {
      const bool is_start = IsStart(*packet, *file.stream()->codecpar);
      scan.order.push_back({static_cast<double>(packet->pts) * tick, is_start});
    }
    if (!IsWhole(*packet)) {
      ++scan.damaged_packets;
      continue;
    }
    if (packet->dts != AV_NOPTS_VALUE) {
      if (packet->dts < last_dts) scan.ascending = false;
      last_dts = packet->dts;
    }
    if ((packet->flags & AV_PKT_FLAG_DISCARD) != 0) continue;
    if (++scan.packets > kMaxPackets)
      throw Error(path.string(), fmt::format("has more than {} frames", kMaxPackets));
    if (packet->pts == AV_NOPTS_VALUE) {
      scan.ascending = false;  // avi: only times of decoding, which are not those of showing
      continue;
    }
    scan.times.push_back(static_cast<double>(packet->pts) * tick);
  }
  std::sort(scan.times.begin(), scan.times.end());
  scan.damaged_packets += file.unreadable_places();
  scan.damage = DamageIn(file, true, scan.damaged_packets, 0);
  const bool unique = std::adjacent_find(scan.times.begin(), scan.times.end()) == scan.times.end();
  if (!plannable || !scan.ascending || !unique || !scan.damage.empty()) scan.order.clear();
  return scan;
}

}  // namespace seam
