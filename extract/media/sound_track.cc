#include "extract/media/sound_track.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "extract/media/decoder_pool.h"
#include "extract/media/media_file.h"

namespace seam {
namespace {

// What players of mp4 files expect in them, and libavformat writes without being told to experiment.
constexpr std::array<AVCodecID, 6> kCodecs = {AV_CODEC_ID_AAC,  AV_CODEC_ID_MP3,  AV_CODEC_ID_AC3,
                                              AV_CODEC_ID_EAC3, AV_CODEC_ID_ALAC, AV_CODEC_ID_OPUS};

class StoredSound : public SoundSource {
 public:
  StoredSound(const FilePlace& place, const MediaLimits& limits, Deadline deadline)
      : file_(place, limits, std::move(deadline)), found_(file_.SelectSound()) {}

  const AVCodecParameters* codec() const override { return found_ ? file_.stream()->codecpar : nullptr; }
  AVRational tick() const override { return file_.stream()->time_base; }

  AvPtr<AVPacket> Next() override {
    AvPtr<AVPacket> packet(av_packet_alloc());
    if (!packet) throw std::bad_alloc();
    if (!found_ || !file_.ReadPacket(packet.get())) return nullptr;
    return packet;
  }

 private:
  MediaFile file_;
  bool found_;
};

}  // namespace

std::unique_ptr<SoundSource> OpenSoundHere(const FilePlace& place, const MediaLimits& limits,
                                           Deadline deadline) {
  return std::make_unique<StoredSound>(place, limits, std::move(deadline));
}

SoundTrack::SoundTrack(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
    : source_(limits.isolation == "none" ? OpenSoundHere(path, limits, std::move(deadline))
                                         : OpenSoundIsolated(path, limits, deadline)) {
  if (source_->codec() == nullptr) return;
  const AVCodecParameters& sound = *source_->codec();
  if (std::find(kCodecs.begin(), kCodecs.end(), sound.codec_id) == kCodecs.end()) {
    problem_ = fmt::format("'{}' is not copied into mp4 files", avcodec_get_name(sound.codec_id));
  } else if (sound.sample_rate <= 0 || sound.ch_layout.nb_channels <= 0) {
    problem_ = "its rate and channels are not in the file's header";
  } else {
    there_ = true;
  }
}

void SoundTrack::LeaveOut(const std::string& problem) {
  there_ = false;
  problem_ = problem;
}

AvPtr<AVPacket> SoundTrack::TakeBetween(double first_seconds, double end_seconds) {
  while (there_) {
    if (!next_) next_ = source_->Next();
    if (!next_) {
      there_ = false;
      return nullptr;
    }
    const bool timed = next_->pts != AV_NOPTS_VALUE && next_->dts != AV_NOPTS_VALUE && next_->dts > last_;
    const double seconds = static_cast<double>(next_->pts) * av_q2d(source_->tick());
    if (timed && seconds >= end_seconds) return nullptr;
    if (timed && seconds >= first_seconds) {
      last_ = next_->dts;
      return std::move(next_);
    }
    next_.reset();
  }
  return nullptr;
}

}  // namespace seam
