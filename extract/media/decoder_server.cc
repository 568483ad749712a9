#include "extract/media/decoder_server.h"

#include <iconv.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <libheif/heif.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/sandbox.h"
#include "extract/media/decoder_messages.h"
#include "extract/media/frame_source.h"
#include "extract/media/sound_track.h"

namespace seam {
namespace {

// A request as it came.
struct Received {
  DecoderRequest request;
  std::string text;
  int descriptor = -1;
};

struct Answer {
  DecoderReply reply;
  std::string text;
};

// False when the other side is gone.
bool Receive(int channel, Received* received) {
  std::string text(kMaxDecoderText, '\0');
  iovec parts[] = {{&received->request, sizeof(received->request)}, {text.data(), text.size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = std::size(parts);
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t count = 0;
  do {
    count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < static_cast<ssize_t>(sizeof(received->request))) return false;
  if (received->request.mark != kDecoderMark) return false;
  text.resize(static_cast<std::size_t>(count) - sizeof(received->request));
  received->text = std::move(text);
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
    std::memcpy(&received->descriptor, CMSG_DATA(head), sizeof(received->descriptor));
  return true;
}

void Send(int channel, const Answer& answer) {
  iovec parts[] = {{const_cast<DecoderReply*>(&answer.reply), sizeof(answer.reply)},
                   {const_cast<char*>(answer.text.data()), std::min(answer.text.size(), kMaxDecoderText)}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = std::size(parts);
  if (sendmsg(channel, &message, MSG_NOSIGNAL) < 0) _exit(0);
}

// A place that is written or read from its beginning on.
class Region {
 public:
  Region(std::uint8_t* begin, std::size_t bytes) : at_(begin), left_(bytes) {}

  void Write(const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(Take(bytes), from, bytes);
  }
  void Read(void* to, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, Take(bytes), bytes);
  }

 private:
  std::uint8_t* Take(std::size_t bytes) {
    if (bytes > left_) throw Error("", "gives more at once than the memory shared with its decoder holds");
    left_ -= bytes;
    return std::exchange(at_, at_ + bytes);
  }

  std::uint8_t* at_;
  std::size_t left_;
};

class Server {
 public:
  Server(std::uint8_t* memory, std::size_t region_bytes, std::function<void(int)> opened)
      : life_(reinterpret_cast<std::atomic<std::uint64_t>*>(memory)),
        regions_(memory + kDecoderHeadBytes),
        region_bytes_(region_bytes),
        opened_(std::move(opened)) {}

  // Returns when the other side is gone.
  void Serve(int channel) {
    Received received;
    while (Receive(kFirstChannelDescriptor + channel, &received)) {
      Send(kFirstChannelDescriptor + channel, AnswerTo(channel, received));
      received = {};
    }
  }

 private:
  Answer AnswerTo(int channel, const Received& received) {
    Answer answer;
    try {
      Region region(regions_ + static_cast<std::size_t>(channel) * region_bytes_, region_bytes_);
      if (channel == 0) {
        Read(received, &region, &answer);
      } else {
        Convert(received.request, &region, &answer);
      }
    } catch (const Error& error) {
      answer.reply.answer = DecoderAnswer::kError;
      answer.text = std::string(error.what()) + '\0' + error.hint();
    } catch (const std::bad_alloc&) {
      answer.reply.answer = DecoderAnswer::kNoMemory;
    } catch (const cv::Exception& error) {
      const bool memory = error.code == cv::Error::StsNoMem;
      answer.reply.answer = memory ? DecoderAnswer::kNoMemory : DecoderAnswer::kProblem;
      answer.text = error.err;
    } catch (const std::exception& error) {
      answer.reply.answer = DecoderAnswer::kProblem;
      answer.text = error.what();
    }
    return answer;
  }

  void Read(const Received& received, Region* region, Answer* answer) {
    const DecoderRequest& request = received.request;
    DecoderReply& reply = answer->reply;
    switch (request.task) {
      case DecoderTask::kScan:
        Close();
        Scan(FindPlace(received), ReadLimits(request), region, answer);
        Close();
        break;
      case DecoderTask::kOpen:
        Close();
        source_ = OpenHere(FindPlace(received), ReadLimits(request), Deadline(life_));
        break;
      case DecoderTask::kOpenSound:
        Close();
        sound_ = OpenSoundHere(FindPlace(received), ReadLimits(request), Deadline(life_));
        Describe(region, &reply);
        break;
      case DecoderTask::kNextSound:
        NextSound(region, &reply);
        break;
      case DecoderTask::kShowOnly:
        ShowOnly(request, region);
        break;
      case DecoderTask::kNext:
        Forget(received.text);
        if (const auto stamp = Source().Next()) {
          reply.index = stamp->index;
          reply.pts_seconds = stamp->pts_seconds;
        } else {
          reply.answer = DecoderAnswer::kEnd;
        }
        break;
      case DecoderTask::kKeep:
        Keep(&reply);
        break;
      case DecoderTask::kState:
        reply.damaged_packets = Source().damaged_packets();
        reply.damaged_frames = Source().damaged_frames();
        answer->text = Source().damage();
        break;
      case DecoderTask::kClose:
        Close();
        break;
      case DecoderTask::kPart:
      case DecoderTask::kShrunk:
        throw Error("", "was asked on the wrong channel");
    }
  }

  FilePlace FindPlace(const Received& received) {
    descriptor_ = received.descriptor;
    if (descriptor_ < 0) throw Error("", "came without its descriptor");
    if (opened_) opened_(descriptor_);
    return {received.text, descriptor_};
  }

  static MediaLimits ReadLimits(const DecoderRequest& request) {
    MediaLimits limits;
    limits.max_pixels = request.max_pixels;
    limits.probe_bytes = request.probe_bytes;
    limits.max_duration = request.max_duration;
    limits.max_streams = request.max_streams;
    return limits;
  }

  FrameSource& Source() {
    if (!source_) throw Error("", "is not open");
    return *source_;
  }

  void Close() {
    source_.reset();
    sound_.reset();
    {
      const std::lock_guard lock(mutex_);
      frames_.clear();
    }
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  }

  void Scan(const FilePlace& place, const MediaLimits& limits, Region* region, Answer* answer) {
    const VideoScan scan = ScanHere(place, limits, Deadline(life_));
    DecoderReply& reply = answer->reply;
    reply.times = scan.times.size();
    reply.packets_listed = scan.order.size();
    reply.packets = scan.packets;
    reply.left_out = scan.left_out;
    reply.damaged_packets = scan.damaged_packets;
    reply.ascending = scan.ascending ? 1 : 0;
    answer->text = scan.damage;
    region->Write(scan.times.data(), scan.times.size() * sizeof(double));
    for (const ScannedPacket& packet : scan.order) {
      const double pts = packet.pts_seconds;
      const std::uint8_t is_start = packet.is_start ? 1 : 0;
      region->Write(&pts, sizeof(pts));
      region->Write(&is_start, sizeof(is_start));
    }
  }

  void ShowOnly(const DecoderRequest& request, Region* region) {
    VideoScan scan;
    scan.times.resize(request.times);
    region->Read(scan.times.data(), scan.times.size() * sizeof(double));
    scan.order.resize(request.packets);
    for (ScannedPacket& packet : scan.order) {
      std::uint8_t is_start = 0;
      region->Read(&packet.pts_seconds, sizeof(packet.pts_seconds));
      region->Read(&is_start, sizeof(is_start));
      packet.is_start = is_start != 0;
    }
    std::vector<double> wanted(request.wanted);
    region->Read(wanted.data(), wanted.size() * sizeof(double));
    Source().ShowOnly(scan, wanted);
  }

  void Keep(DecoderReply* reply) {
    const VideoFrame frame = Source().Frame();
    reply->width = frame.size().width;
    reply->height = frame.size().height;
    reply->range = static_cast<std::int32_t>(frame.dynamic_range());
    const std::lock_guard lock(mutex_);
    reply->frame = ++last_frame_;
    frames_.emplace(last_frame_, frame);
  }

  void Forget(const std::string& ids) {
    const std::lock_guard lock(mutex_);
    for (std::size_t at = 0; at + sizeof(std::int64_t) <= ids.size(); at += sizeof(std::int64_t)) {
      std::int64_t id = 0;
      std::memcpy(&id, ids.data() + at, sizeof(id));
      frames_.erase(id);
    }
  }

  void Convert(const DecoderRequest& request, Region* region, Answer* answer) {
    VideoFrame frame;
    {
      const std::lock_guard lock(mutex_);
      const auto found = frames_.find(request.frame);
      if (found == frames_.end()) throw Error("", "has no such frame");
      frame = found->second;
    }
    ++*life_;
    frame = frame.Turned({request.transpose != 0, request.flip_x != 0, request.flip_y != 0});
    const cv::Mat picture = request.task == DecoderTask::kShrunk
                                ? frame.Shrunk(request.width)
                                : frame.Part({request.x, request.y, request.width, request.height});
    if (picture.type() != CV_8UC3) throw Error("", "has frames of another kind than RGB");
    answer->reply.width = picture.cols;
    answer->reply.height = picture.rows;
    for (int y = 0; y < picture.rows; ++y) region->Write(picture.ptr(y), picture.elemSize() * picture.cols);
  }

  void Describe(Region* region, DecoderReply* reply) {
    const AVCodecParameters* codec = sound_->codec();
    if (codec == nullptr) {
      reply->answer = DecoderAnswer::kEnd;
      return;
    }
    SoundFormat& sound = reply->sound;
    sound.codec = codec->codec_id;
    sound.tag = static_cast<std::int32_t>(codec->codec_tag);
    sound.sample_format = codec->format;
    sound.sample_rate = codec->sample_rate;
    sound.channels = codec->ch_layout.nb_channels;
    if (codec->ch_layout.order == AV_CHANNEL_ORDER_NATIVE) sound.channel_mask = codec->ch_layout.u.mask;
    sound.profile = codec->profile;
    sound.level = codec->level;
    sound.block_align = codec->block_align;
    sound.frame_size = codec->frame_size;
    sound.initial_padding = codec->initial_padding;
    sound.trailing_padding = codec->trailing_padding;
    sound.seek_preroll = codec->seek_preroll;
    sound.bits_per_coded_sample = codec->bits_per_coded_sample;
    sound.bits_per_raw_sample = codec->bits_per_raw_sample;
    sound.tick_numerator = sound_->tick().num;
    sound.tick_denominator = sound_->tick().den;
    sound.bit_rate = codec->bit_rate;
    sound.extra_bytes = static_cast<std::uint64_t>(codec->extradata_size);
    region->Write(codec->extradata, sound.extra_bytes);
  }

  void NextSound(Region* region, DecoderReply* reply) {
    if (!sound_) throw Error("", "is not open");
    const AvPtr<AVPacket> packet = sound_->Next();
    if (!packet) {
      reply->answer = DecoderAnswer::kEnd;
      return;
    }
    reply->sound_packet = {packet->pts, packet->dts, packet->duration, packet->flags,
                           static_cast<std::uint64_t>(packet->size)};
    region->Write(packet->data, reply->sound_packet.bytes);
  }

  std::atomic<std::uint64_t>* life_;
  std::uint8_t* regions_;
  std::size_t region_bytes_;
  std::function<void(int)> opened_;
  // Of the first channel.
  int descriptor_ = -1;
  std::unique_ptr<FrameSource> source_;
  std::unique_ptr<SoundSource> sound_;
  std::int64_t last_frame_ = 0;
  std::mutex mutex_;  // of the frames kept
  std::map<std::int64_t, VideoFrame> frames_;
};

// What libraries look up in files when they are used first.
void WakeLibraries() {
  // One heap for all threads. For more, the C library looks up the processors, and how it may shrink them, in
  // files, and not before it has to. Frames are mapped, not in a heap.
  mallopt(M_ARENA_MAX, 1);
  cv::setNumThreads(1);
  cv::getNumberOfCPUs();
  heif_init(nullptr);
  tzset();
  // Transport streams name their services in these (ETSI EN 300 468, annex A). What is open stays loaded.
  for (int part = 1; part <= 15; ++part) iconv_open("UTF-8", ("ISO-8859-" + std::to_string(part)).c_str());
  for (const char* letters : {"ISO6937", "UCS-2BE", "UTF-16BE", "KSC_5601", "GB2312", "BIG5"})
    iconv_open("UTF-8", letters);
}

// Where memory runs out, this process is to go, not the one that it works for.
void OfferToDieFirst() { std::ofstream("/proc/self/oom_score_adj") << "900"; }

// Of the libraries and the shared memory, before any file is read.
std::uint64_t MappedBytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

int ServeDecoding(const std::vector<std::string>& arguments, const std::function<void(int)>& opened) {
  if (arguments.size() != 3)
    throw UsageError("seam-decode", "is run by the programs that read videos and pictures");
  // Ctrl-C is the other side's business, whose end is ours.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  close_range(kFirstChannelDescriptor + kDecoderChannels, ~0U, 0);
  const std::size_t region_bytes = std::stoull(arguments[1]);
  const std::size_t bytes = kDecoderHeadBytes + kDecoderChannels * region_bytes;
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, kMemoryDescriptor, 0);
  if (memory == MAP_FAILED) throw Error("seam-decode", "cannot reach the memory that it shares");
  close(kMemoryDescriptor);
  OfferToDieFirst();
  WakeLibraries();
  const std::uint64_t allowed = std::stoull(arguments[2]);
  constexpr std::uint64_t kDescriptors = 64;
  LimitProcess({allowed == 0 ? 0 : allowed + MappedBytes(), 0, kDescriptors});
  if (arguments[0] == "strict") EnterSandbox();

  Server server(static_cast<std::uint8_t*>(memory), region_bytes, opened);
  for (int channel = 1; channel < kDecoderChannels; ++channel)
    std::thread([&server, channel] { server.Serve(channel); }).detach();
  server.Serve(0);
  _exit(0);
}

}  // namespace seam
