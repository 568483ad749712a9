#pragma once

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "extract/media/av.h"
#include "extract/media/input_file.h"
#include "extract/media/jpeg_file.h"
#include "extract/media/media_limits.h"

namespace seam {

// An opened container and its one stream, the video's unless SelectSound() was called: the only door by which
// media enters Seam. Videos are hostile. So libavformat reads through our own descriptor of this one file and
// can open nothing else: no playlists, no network. Containers and decoders are on lists (docs/extraction.md),
// and MediaLimits hold. Reading ends when the deadline says so.
class MediaFile {
 public:
  // An Error when the file cannot be opened, is no container of the list, has no video stream, or passes a
  // limit.
  explicit MediaFile(const FilePlace& place, const MediaLimits& limits = {}, Deadline deadline = {});
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  // From here on the stream is that of the best sound; false where there is none.
  bool SelectSound();

  AVFormatContext* format() { return format_.get(); }
  const AVStream* stream() const { return stream_; }
  const std::string& path() const { return input_.path(); }
  const InputFile& input() const { return input_; }

  const MediaLimits& limits() const { return limits_; }

  // Reads on to the first packet that a decoder can begin with: what was cut out of a recording may begin
  // with frames whose references are missing, of which a decoder makes grey ones. They are left out, unless
  // no key frame comes for long. An Error when the stream is encrypted.
  void BeginAtKeyFrame();
  std::int64_t left_out() const { return left_out_; }

  // Fills in what the container says of the colours and the frame does not. libavformat forgets that as soon
  // as it has decoded a frame.
  void CompleteColours(AVFrame* frame) const;

  // The next packet of the stream; false at the end. Where recordings were joined, so that times jump, they
  // are moved so as to go on. Unreadable stretches are passed over and counted; where no more follows on one,
  // read_error() names it.
  bool ReadPacket(AVPacket* packet);
  const std::string& read_error() const { return read_error_; }
  std::int64_t unreadable_places() const { return unreadable_places_; }

  // Whether the file was seen to end before it should, once ReadPacket() has come to its end: an mp4's index
  // promises more packets than there were, the bytes of others that there are more (file_end.h), the header
  // of flv a longer time; a JPEG lacks its end. Raw H.264 and H.265 cannot tell.
  bool EndsEarly() const;

 private:
  static int Read(void* file, std::uint8_t* buffer, int size);
  static std::int64_t Seek(void* file, std::int64_t offset, int whence);

  const AVInputFormat* Probe();
  void Open();
  void FindStreams();
  void SelectStream();
  void ReadOnly(int index);
  void CheckSize(const AVCodecParameters& picture) const;
  void CheckLimits() const;
  void Note(const AVPacket& packet);
  // What the container says of a stream's colours.
  struct Colours {
    AVColorPrimaries primaries;
    AVColorTransferCharacteristic transfer;
    AVColorSpace matrix;
  };
  // A packet that was read, and whether its time followed on another's only after times were moved.
  struct Ahead {
    AvPtr<AVPacket> packet;
    bool jumped = false;
  };
  bool ReadNext(AVPacket* packet, bool* jumped = nullptr);
  bool Continue(AVPacket* packet);
  bool ReadAhead();
  bool IsJoint(const AVPacket& packet);
  bool IsMov() const;
  bool IsHeader(const AVPacket& packet) const;
  double ToldSeconds() const;

  MediaLimits limits_;
  InputFile input_;
  std::int64_t position_ = 0;  // of libavformat's reading
  JpegFile jpeg_;
  AvPtr<AVIOContext> io_;
  AvPtr<AVFormatContext> format_;
  std::vector<Colours> colours_;  // of the streams that the header tells of
  AVStream* stream_ = nullptr;
  std::int64_t packets_ = 0, unreadable_places_ = 0, left_out_ = 0;
  std::deque<Ahead> ahead_;                // read already
  double last_seconds_ = 0;                // of any stream
  std::int64_t shift_ = 0;                 // of the stream's times, in its ticks
  std::optional<std::int64_t> last_time_;  // of decoding, once moved
  std::int64_t last_duration_ = 0;
  std::string read_error_;
};

// A decoder for the file's video stream, of one thread: with more, what comes out of damaged files differs
// from run to run. An Error when there is none on the list.
AvPtr<AVCodecContext> OpenDecoder(MediaFile* file);

}  // namespace seam
