#pragma once

#include <cstddef>
#include <cstdint>

namespace seam {

// What a program and its seam-decode say to each other. Each channel is a socket that keeps messages whole: a
// request goes out, with text behind it, and one reply comes back. Numbers beyond a few lie in the channel's
// region of the memory that both share:
//
//   one page, whose first 8 bytes count the child's signs of life; then a region for each channel.
//
// The first channel opens files and reads on; the others convert frames meanwhile.

constexpr int kDecoderChannels = 5;
constexpr int kMemoryDescriptor = 3, kFirstChannelDescriptor = 4;  // in the child
constexpr std::size_t kDecoderHeadBytes = 4096;
constexpr std::size_t kMaxDecoderText = 16384;
constexpr std::uint32_t kDecoderMark = 0x5EA3DEC0;

enum class DecoderTask : std::uint32_t {
  kScan,       // text: the file's name; with its descriptor. Reply: of VideoScan; region: times, packets
  kOpen,       // the same; what was open before is closed
  kShowOnly,   // region: the scan's times and packets, the times wanted
  kNext,       // text: ids of frames (int64) that are needed no more. Reply: the stamp
  kKeep,       // keeps the frame that came last. Reply: its id, size and range
  kPart,       // of a kept frame. Reply: the size; region: RGB rows
  kShrunk,     // the same
  kState,      // Reply: counts of damage; text: its words
  kOpenSound,  // as kOpen. Reply: SoundFormat; region: extradata
  kNextSound,  // Reply: SoundPacket; region: its bytes
  kClose,      // closes everything
};

struct DecoderRequest {
  std::uint32_t mark = kDecoderMark;
  DecoderTask task = DecoderTask::kClose;
  // Of MediaLimits.
  std::int64_t max_pixels = 0, probe_bytes = 0;
  double max_duration = 0;
  std::int32_t max_streams = 0;
  // Of a kept frame: what it is turned by, and the part or (in width) the longest side.
  std::int32_t x = 0, y = 0, width = 0, height = 0;
  std::uint8_t transpose = 0, flip_x = 0, flip_y = 0;
  std::int64_t frame = 0;
  // In the region.
  std::uint64_t times = 0, packets = 0, wanted = 0;
};

enum class DecoderAnswer : std::uint32_t {
  kDone,
  kEnd,       // there is no more
  kError,     // text: what() of an Error, a zero byte, its hint
  kProblem,   // text: of another exception
  kNoMemory,  // the limit is reached
};

// Of AVCodecParameters.
struct SoundFormat {
  std::int32_t codec = 0, tag = 0, sample_format = 0, sample_rate = 0, channels = 0, profile = 0, level = 0;
  std::int32_t block_align = 0, frame_size = 0, initial_padding = 0, trailing_padding = 0, seek_preroll = 0;
  std::int32_t bits_per_coded_sample = 0, bits_per_raw_sample = 0;
  std::int32_t tick_numerator = 0, tick_denominator = 0;
  std::uint64_t channel_mask = 0;  // 0: the usual one
  std::int64_t bit_rate = 0;
  std::uint64_t extra_bytes = 0;
};

// Of AVPacket.
struct SoundPacket {
  std::int64_t pts = 0, dts = 0, duration = 0;
  std::int32_t flags = 0;
  std::uint64_t bytes = 0;
};

struct DecoderReply {
  std::uint32_t mark = kDecoderMark;
  DecoderAnswer answer = DecoderAnswer::kDone;
  std::int64_t index = 0;  // of FrameStamp
  double pts_seconds = 0;
  std::int64_t frame = 0;  // the id of a kept one
  std::int32_t width = 0, height = 0, range = 0;
  // Of VideoScan and of the state.
  std::uint64_t times = 0, packets_listed = 0;
  std::int64_t packets = 0, left_out = 0, damaged_packets = 0, damaged_frames = 0;
  std::uint8_t ascending = 0;
  SoundFormat sound;
  SoundPacket sound_packet;
};

}  // namespace seam
