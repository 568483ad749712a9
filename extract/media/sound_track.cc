#include "extract/media/sound_track.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <fmt/format.h>

namespace seam {
namespace {

// What players of mp4 files expect in them, and libavformat writes without being told to experiment.
constexpr std::array<AVCodecID, 6> kCodecs = {AV_CODEC_ID_AAC,  AV_CODEC_ID_MP3,  AV_CODEC_ID_AC3,
                                              AV_CODEC_ID_EAC3, AV_CODEC_ID_ALAC, AV_CODEC_ID_OPUS};

}  // namespace

SoundTrack::SoundTrack(const std::filesystem::path& path, const MediaLimits& limits, Deadline deadline)
    : file_(path, limits, deadline) {
  if (!file_.SelectSound()) return;
  const AVCodecParameters& sound = *file_.stream()->codecpar;
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
    if (!next_) {
      next_.reset(av_packet_alloc());
      if (!next_) throw std::bad_alloc();
      if (!file_.ReadPacket(next_.get())) {
        there_ = false;
        return nullptr;
      }
    }
    const bool timed = next_->pts != AV_NOPTS_VALUE && next_->dts != AV_NOPTS_VALUE && next_->dts > last_;
    const double seconds = static_cast<double>(next_->pts) * av_q2d(file_.stream()->time_base);
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
