#include "extract/video_reader.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/av.h"
#include "extract/media_file.h"

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

}  // namespace

struct VideoReader::Impl {
  Impl(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
      : file(path, limits, deadline),
        decoder(OpenDecoder(&file)),
        packet(av_packet_alloc()),
        frame(av_frame_alloc()),
        orientation(OrientationOf(DisplayMatrixOf(file.stream()))) {}

  // Gives the decoder one more packet, or the end of the stream.
  void Feed() {
    if (!file.ReadPacket(packet.get())) {
      avcodec_send_packet(decoder.get(), nullptr);
      draining = true;
      return;
    }
    // A decoder that is given what it asked for refuses it only for what is in it.
    if (!IsWhole(*packet) || avcodec_send_packet(decoder.get(), packet.get()) < 0) ++damaged_packets;
    av_packet_unref(packet.get());
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
  bool draining = false;
};

VideoReader::VideoReader(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
    : impl_(std::make_unique<Impl>(path, limits, deadline)) {}

VideoReader::~VideoReader() = default;

std::optional<FrameStamp> VideoReader::Next() {
  Impl& impl = *impl_;
  // A decoder that answers every call with an error is given up.
  constexpr int kMaxErrorsInARow = 1000;
  for (int errors = 0; errors < kMaxErrorsInARow;) {
    const int status = avcodec_receive_frame(impl.decoder.get(), impl.frame.get());
    if (status == 0) {
      if (impl.frame->decode_error_flags != 0 || (impl.frame->flags & AV_FRAME_FLAG_CORRUPT) != 0)
        ++impl.damaged_frames;
      const std::int64_t index = impl.next_index++;
      return FrameStamp{index, impl.SecondsOf(index)};
    }
    if (status == AVERROR_EOF) return std::nullopt;
    if (status != AVERROR(EAGAIN)) {
      // What the decoder still holds comes with the next calls.
      ++impl.damaged_frames;
      ++errors;
    } else if (impl.draining) {
      return std::nullopt;
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
  return DamageIn(impl.file, impl.draining, damaged_packets(), impl.damaged_frames);
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
  while (file.ReadPacket(packet.get())) {
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
  return scan;
}

}  // namespace seam
