#include "extract/media/video_reader.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <new>
#include <queue>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/media/av.h"
#include "extract/media/decoder_pool.h"
#include "extract/media/exif.h"
#include "extract/media/frame_source.h"
#include "extract/media/media_file.h"
#include "extract/media/pictures.h"

namespace seam {
namespace {

// Whether every byte of `packet` was there to read.
bool IsWhole(const AVPacket& packet) { return (packet.flags & AV_PKT_FLAG_CORRUPT) == 0; }

const std::int32_t* FindDisplayMatrix(const AVStream* stream) {
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

// A film or picture that libav decodes.
class FilmSource : public FrameSource {
 public:
  FilmSource(const FilePlace& place, const MediaLimits& limits, Deadline deadline)
      : file_(place, limits, std::move(deadline)),
        packet_(av_packet_alloc()),
        frame_(av_frame_alloc()),
        orientation_(ReadOrientation(FindDisplayMatrix(file_.stream()))) {
    file_.BeginAtKeyFrame();
    decoder_ = OpenDecoder(&file_);
    const std::optional<Orientation> told = ExifOrientation(file_.input());
    has_exif_ = told.has_value();
    if (told) orientation_ = *told;
  }

  void ShowOnly(const VideoScan& scan, const std::vector<double>& wanted) override {
    if (scan.order.empty()) return;
    planned_ = true;
    times_ = scan.times;
    plan_ = PlanDecoding(scan.order, wanted);
  }

  std::optional<FrameStamp> Next() override {
    // A decoder that answers every call with an error is given up.
    constexpr int kMaxErrorsInARow = 1000;
    for (int errors = 0; errors < kMaxErrorsInARow;) {
      const int status = avcodec_receive_frame(decoder_.get(), frame_.get());
      if (status == 0) {
        if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0)
          ++damaged_frames_;
        return Stamp();
      }
      if (status == AVERROR_EOF) {
        if (!GoOn()) return std::nullopt;
      } else if (status != AVERROR(EAGAIN)) {
        // What the decoder still holds comes with the next calls.
        ++damaged_frames_;
        ++errors;
      } else if (draining_ || waits_) {
        if (!GoOn()) return std::nullopt;
      } else {
        Feed();
      }
    }
    return std::nullopt;
  }

  VideoFrame Frame() const override {
    std::shared_ptr<AVFrame> shared(av_frame_clone(frame_.get()), AvDeleter{});
    if (shared == nullptr) throw std::bad_alloc();
    file_.CompleteColours(shared.get());
    if (has_exif_) av_frame_remove_side_data(shared.get(), AV_FRAME_DATA_DISPLAYMATRIX);
    // The container's word goes before the codec's.
    AVFormatContext* format = file_.format();
    const AVRational aspect =
        av_guess_sample_aspect_ratio(format, format->streams[file_.stream()->index], frame_.get());
    return {std::move(shared), orientation_, aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1.0};
  }

  std::string damage() const override {
    return DamageIn(file_, file_ended_, damaged_packets(), damaged_frames_);
  }
  std::int64_t damaged_packets() const override { return damaged_packets_ + file_.unreadable_places(); }
  std::int64_t damaged_frames() const override { return damaged_frames_; }

 private:
  // Gives the decoder one more packet, or the end of what it is to decode.
  void Feed() {
    bool passed_over = false;
    for (;; passed_over = true) {
      if (planned_ && position_ == plan_.size()) return End();
      if (!file_.ReadPacket(packet_.get())) {
        file_ended_ = true;
        return End();
      }
      use_ = planned_ ? plan_[position_++] : PacketUse::kShow;
      if (use_ != PacketUse::kPassOver) break;
    }
    if (passed_over && fed_) {
      // What it still holds comes first, then this packet.
      waits_ = true;
      avcodec_send_packet(decoder_.get(), nullptr);
    } else {
      Send();
    }
  }

  void End() {
    draining_ = true;
    avcodec_send_packet(decoder_.get(), nullptr);
  }

  // Whether there is more to decode behind what the decoder has just given out to its end.
  bool GoOn() {
    if (!waits_) return false;
    waits_ = false;
    avcodec_flush_buffers(decoder_.get());
    Send();
    return true;
  }

  void Send() {
    decoder_->skip_frame = use_ == PacketUse::kShow ? AVDISCARD_DEFAULT : AVDISCARD_NONREF;
    if (!fed_) has_shown_times_ = packet_->pts != AV_NOPTS_VALUE || packet_->dts == AV_NOPTS_VALUE;
    fed_ = true;
    if (!has_shown_times_ && packet_->dts != AV_NOPTS_VALUE) decoding_times_.push(packet_->dts);
    // A decoder that is given what it asked for refuses it only for what is in it.
    if (!IsWhole(*packet_) || avcodec_send_packet(decoder_.get(), packet_.get()) < 0) ++damaged_packets_;
    av_packet_unref(packet_.get());
  }

  FrameStamp Stamp() {
    const std::int64_t counted = next_index_++;
    const double seconds = ToSeconds(counted);
    if (!planned_) return {counted, seconds};
    const auto place = std::lower_bound(times_.begin(), times_.end(), seconds);
    return {place - times_.begin(), seconds};
  }

  double ToSeconds(std::int64_t index) {
    const AVStream* stream = file_.stream();
    // Where packets tell only when they are decoded (avi), frames are shown at these times, too: the first
    // frame at the earliest, and so on.
    if (!has_shown_times_ && !decoding_times_.empty()) {
      const std::int64_t time = decoding_times_.top();
      decoding_times_.pop();
      return static_cast<double>(time) * av_q2d(stream->time_base);
    }
    if (frame_->best_effort_timestamp != AV_NOPTS_VALUE) {
      told_index_ = index;
      told_seconds_ = static_cast<double>(frame_->best_effort_timestamp) * av_q2d(stream->time_base);
      return told_seconds_;
    }
    const AVRational rate = stream->avg_frame_rate.num > 0 ? stream->avg_frame_rate : AVRational{25, 1};
    return told_seconds_ + static_cast<double>(index - told_index_) / av_q2d(rate);
  }

  mutable MediaFile file_;
  AvPtr<AVCodecContext> decoder_;
  AvPtr<AVPacket> packet_;
  AvPtr<AVFrame> frame_;
  Orientation orientation_;
  bool has_exif_ = false;  // which goes before what the decoder makes of it
  bool has_shown_times_ = true;
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> decoding_times_;
  double told_seconds_ = 0;  // of the last frame that has a time
  std::int64_t told_index_ = 0;
  std::int64_t next_index_ = 0, damaged_packets_ = 0, damaged_frames_ = 0;
  bool draining_ = false, file_ended_ = false;

  // Of ShowOnly().
  bool planned_ = false;
  std::vector<double> times_;  // of all frames
  std::vector<PacketUse> plan_;
  std::size_t position_ = 0;  // of the next packet
  PacketUse use_ = PacketUse::kShow;
  bool fed_ = false, waits_ = false;  // a packet waits for the decoder to give out what it holds
};

// Pictures of another library.
class PictureSource : public FrameSource {
 public:
  PictureSource(std::unique_ptr<InputFile> file, std::unique_ptr<Pictures> pictures)
      : file_(std::move(file)), pictures_(std::move(pictures)) {}

  void ShowOnly(const VideoScan&, const std::vector<double>&) override {}

  std::optional<FrameStamp> Next() override {
    const std::vector<double>& times = pictures_->times();
    const std::size_t index = next_;
    if (index >= times.size() || file_->Stopped()) return std::nullopt;
    std::optional<VideoFrame> frame = pictures_->Next();
    if (!frame) {
      next_ = times.size();
      return std::nullopt;
    }
    ++next_;
    frame_ = std::move(*frame);
    return FrameStamp{static_cast<std::int64_t>(index), times[index]};
  }

  VideoFrame Frame() const override { return frame_; }
  std::string damage() const override { return pictures_->damage(); }
  std::int64_t damaged_packets() const override { return 0; }
  std::int64_t damaged_frames() const override { return pictures_->damage().empty() ? 0 : 1; }

 private:
  std::unique_ptr<InputFile> file_;
  std::unique_ptr<Pictures> pictures_;
  std::size_t next_ = 0;
  VideoFrame frame_;
};

}  // namespace

std::unique_ptr<FrameSource> OpenHere(const FilePlace& place, const MediaLimits& limits, Deadline deadline) {
  auto file = std::make_unique<InputFile>(place, deadline);
  if (auto pictures = OpenPictures(*file, limits))
    return std::make_unique<PictureSource>(std::move(file), std::move(pictures));
  return std::make_unique<FilmSource>(place, limits, std::move(deadline));
}

VideoReader::VideoReader(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
    : source_(limits.isolation == "none" ? OpenHere(path, limits, std::move(deadline))
                                         : OpenIsolated(path, limits, deadline)) {}

VideoReader::~VideoReader() = default;

void VideoReader::ShowOnly(const VideoScan& scan, const std::vector<double>& wanted) {
  source_->ShowOnly(scan, wanted);
}

std::optional<FrameStamp> VideoReader::Next() { return source_->Next(); }

VideoFrame VideoReader::Frame() const { return source_->Frame(); }

std::string VideoReader::damage() const { return source_->damage(); }

std::int64_t VideoReader::damaged_packets() const { return source_->damaged_packets(); }

std::int64_t VideoReader::damaged_frames() const { return source_->damaged_frames(); }

VideoScan ScanVideo(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline) {
  return limits.isolation == "none" ? ScanHere(path, limits, std::move(deadline))
                                    : ScanIsolated(path, limits, deadline);
}

VideoScan ScanHere(const FilePlace& place, const MediaLimits& limits, Deadline deadline) {
  VideoScan scan;
  {
    const InputFile pictures(place, deadline);
    if (const auto opened = OpenPictures(pictures, limits)) {
      scan.times = opened->times();
      scan.packets = static_cast<std::int64_t>(scan.times.size());
      scan.damage = opened->damage();
      return scan;
    }
  }
  MediaFile file(place, limits, std::move(deadline));
  file.BeginAtKeyFrame();
  scan.left_out = file.left_out();
  const double tick = av_q2d(file.stream()->time_base);
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
      throw Error(file.path(), fmt::format("has more than {} frames", kMaxPackets));
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
