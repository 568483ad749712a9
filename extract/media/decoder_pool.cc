#include "extract/media/decoder_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/sandbox.h"
#include "base/sibling.h"
#include "extract/media/decoder_messages.h"

namespace seam {
namespace {

// RGB of the largest frame, which may be stretched to square pixels by 4 (video_frame.cc); only what is
// written takes memory.
std::size_t RegionBytes(const MediaLimits& limits) {
  constexpr std::int64_t kLeast = std::int64_t{1} << 30, kPage = 4096, kMost = std::int64_t{1} << 36;
  const std::int64_t pixels = std::min(limits.max_pixels, kMost);
  return static_cast<std::size_t>(std::max(kLeast, (12 * pixels + kPage) / kPage * kPage));
}

// What a process is started with: one that has the same serves.
struct Kind {
  bool strict = true;
  std::size_t region_bytes = 0;
  std::uint64_t memory_bytes = 0;
  bool operator==(const Kind&) const = default;
};

Kind KindFor(const MediaLimits& limits) {
  const bool strict = limits.isolation == "strict" && SandboxProblem().empty();
  return {strict, RegionBytes(limits), static_cast<std::uint64_t>(limits.max_memory) << 20U};
}

// What became of a process, as a clause about it.
std::string EndText(int status) {
  if (WIFEXITED(status)) return fmt::format("ended with status {}", WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* name = sigabbrev_np(number);
  const std::string signal = name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
  switch (number) {
    case SIGSYS:
      return "was killed by SIGSYS: it tried what its sandbox forbids";
    case SIGXCPU:
      return "was killed by SIGXCPU: it computed for longer than --max-seconds allows";
    case SIGKILL:
      return "was killed by SIGKILL, by hand or for want of memory";
    default:
      return fmt::format("crashed: {} ({})", signal, sigdescr_np(number));
  }
}

struct Message {
  DecoderReply reply;
  std::string text;
};

}  // namespace

DecoderFailure::DecoderFailure(const std::string& path, const std::string& problem)
    : Error(path, "its decoder " + problem,
            "damaged and hostile files do this; nothing else was touched, and other files go on") {}

// One child. Methods are safe on any thread; those of one channel wait for one another.
class DecoderProcess {
 public:
  DecoderProcess(const std::string& verb, const Kind& kind) : kind_(kind) {
    bytes_ = kDecoderHeadBytes + kDecoderChannels * kind.region_bytes;
    const int memory = memfd_create("seam-decode", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    // Sealed, the child cannot shorten it under our feet.
    if (memory < 0 || ftruncate(memory, static_cast<off_t>(bytes_)) != 0 ||
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
      Fail("no memory can be shared");
    memory_descriptor_ = memory;
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory, 0);
    if (memory_ == MAP_FAILED) Fail("no memory can be shared");
    std::vector<int> descriptors = {memory};
    std::array<int, kDecoderChannels> theirs{};
    theirs.fill(-1);
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      int ends[2] = {-1, -1};
      if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) Fail("no sockets can be made");
      channels_[i].socket = ends[0];
      theirs[i] = ends[1];
      descriptors.push_back(ends[1]);
    }
    try {
      process_ = StartSibling(verb,
                              {kind.strict ? "strict" : "process", std::to_string(kind.region_bytes),
                               std::to_string(kind.memory_bytes)},
                              descriptors);
    } catch (...) {
      for (const int end : theirs) close(end);
      Release();
      throw;
    }
    for (const int end : theirs) close(end);
  }

  ~DecoderProcess() {
    Blame("was ended");
    End();
    Release();
  }
  DecoderProcess(const DecoderProcess&) = delete;
  DecoderProcess& operator=(const DecoderProcess&) = delete;

  const Kind& kind() const { return kind_; }
  bool alive() const { return !ended_; }

  // Before a file is opened: who may be told of in errors, and how long it may take.
  void Begin(const std::string& path, const MediaLimits& limits, const Deadline& deadline) {
    path_ = path;
    deadline_ = deadline;
    max_silence_ = limits.max_silence;
    LimitCpu(limits.max_seconds);
  }

  // Asks on the first channel; `use` looks at the region before another request may come.
  Message Ask(const DecoderRequest& request, const std::string& text = {}, int descriptor = -1,
              const std::function<void(std::uint8_t*)>& fill = nullptr,
              const std::function<void(const DecoderReply&, const std::uint8_t*)>& use = nullptr) {
    return AskOn(0, request, text, descriptor, fill, use);
  }

  // Asks on any other, one that is free if there is one.
  Message Convert(const DecoderRequest& request,
                  const std::function<void(const DecoderReply&, const std::uint8_t*)>& use) {
    for (std::size_t i = 1; i < channels_.size(); ++i) {
      const std::unique_lock lock(channels_[i].mutex, std::try_to_lock);
      if (lock.owns_lock()) return AskLocked(i, request, {}, -1, nullptr, use);
    }
    const std::size_t any =
        1 + std::hash<std::thread::id>()(std::this_thread::get_id()) % (channels_.size() - 1);
    return AskOn(any, request, {}, -1, nullptr, use);
  }

  // The frames that are needed no more go out with the next request for one.
  void Forget(std::int64_t frame) {
    const std::lock_guard lock(mutex_);
    forgotten_.push_back(frame);
  }
  std::string TakeForgotten() {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(forgotten_.size(), kMaxDecoderText / sizeof(std::int64_t));
    std::string ids(reinterpret_cast<const char*>(forgotten_.data()), count * sizeof(std::int64_t));
    forgotten_.erase(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(count));
    return ids;
  }

  const Deadline& deadline() const { return deadline_; }

  // Ends it for what it did.
  [[noreturn]] void Refuse(const std::string& problem = "sent an answer that makes no sense") {
    Blame(problem);
    End();
    Throw();
  }

  // Makes it forget the last file; false when it is of no more use.
  bool Clean() noexcept {
    if (ended_) return false;
    try {
      deadline_ = Deadline(kCleanSeconds);
      Ask({});
      forgotten_.clear();
      GiveBackMemory();
      return !ended_;
    } catch (const std::exception&) {
      return false;
    }
  }

 private:
  static constexpr double kCleanSeconds = 5;
  using Clock = std::chrono::steady_clock;

  struct Channel {
    std::mutex mutex;
    int socket = -1;
    std::size_t used = 0;  // bytes of the region, at most
  };

  [[noreturn]] void Fail(const std::string& problem) {
    const std::string why = std::strerror(errno);
    Release();
    throw Error("seam-decode", problem + ": " + why, "--isolation none decodes without a process of its own");
  }

  void Release() {
    for (Channel& channel : channels_) {
      if (channel.socket >= 0) close(std::exchange(channel.socket, -1));
    }
    if (memory_ != MAP_FAILED) munmap(std::exchange(memory_, MAP_FAILED), bytes_);
    if (memory_descriptor_ >= 0) close(std::exchange(memory_descriptor_, -1));
  }

  std::uint8_t* Region(std::size_t channel) const {
    return static_cast<std::uint8_t*>(memory_) + kDecoderHeadBytes + channel * kind_.region_bytes;
  }

  // Large pictures are not kept in memory for small ones.
  void GiveBackMemory() {
    constexpr std::size_t kKept = std::size_t{32} << 20;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (std::exchange(channels_[i].used, 0) <= kKept) continue;
      fallocate(memory_descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(kDecoderHeadBytes + i * kind_.region_bytes + kKept),
                static_cast<off_t>(kind_.region_bytes - kKept));
    }
  }

  // A watch besides the deadline's, for what burns every core: four threads' worth of the time allowed.
  void LimitCpu(double seconds) const {
    constexpr double kThreads = kDecoderChannels, kMost = 1e9;
    clockid_t clock = 0;
    timespec used = {};
    if (clock_getcpuclockid(process_, &clock) != 0 || clock_gettime(clock, &used) != 0) return;
    rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    if (seconds > 0 && seconds < kMost)
      limit.rlim_cur = static_cast<rlim_t>(used.tv_sec) + static_cast<rlim_t>(kThreads * seconds) + 1;
    prlimit(process_, RLIMIT_CPU, &limit, nullptr);
  }

  Message AskOn(std::size_t channel, const DecoderRequest& request, const std::string& text, int descriptor,
                const std::function<void(std::uint8_t*)>& fill,
                const std::function<void(const DecoderReply&, const std::uint8_t*)>& use) {
    const std::lock_guard lock(channels_[channel].mutex);
    return AskLocked(channel, request, text, descriptor, fill, use);
  }

  Message AskLocked(std::size_t channel, const DecoderRequest& request, const std::string& text,
                    int descriptor, const std::function<void(std::uint8_t*)>& fill,
                    const std::function<void(const DecoderReply&, const std::uint8_t*)>& use) {
    if (ended_) Throw();
    if (fill) fill(Region(channel));
    if (!Send(channels_[channel].socket, request, text, descriptor)) Lost();
    Wait(channels_[channel].socket);
    Message message = Receive(channels_[channel].socket);
    switch (message.reply.answer) {
      case DecoderAnswer::kDone:
        if (use) use(message.reply, Region(channel));
        break;
      case DecoderAnswer::kEnd:
        break;
      case DecoderAnswer::kError:
        ThrowTold(message.text);
      case DecoderAnswer::kProblem:
        throw std::runtime_error(Printable(message.text));
      case DecoderAnswer::kNoMemory:
        Refuse("needs more memory than --max-memory allows");
      default:
        Refuse();
    }
    return message;
  }

  static bool Send(int socket, const DecoderRequest& request, const std::string& text, int descriptor) {
    iovec parts[] = {{const_cast<DecoderRequest*>(&request), sizeof(request)},
                     {const_cast<char*>(text.data()), std::min(text.size(), kMaxDecoderText)}};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(parts);
    if (descriptor >= 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      cmsghdr* head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(head), &descriptor, sizeof(descriptor));
    }
    ssize_t sent = 0;
    do {
      sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
  }

  // Until the answer is there. Ends the process when the deadline has passed or nothing moves in it.
  void Wait(int socket) {
    constexpr int kSliceMilliseconds = 50;
    const auto* life = static_cast<const std::atomic<std::uint64_t>*>(memory_);
    std::uint64_t last = life->load();
    Clock::time_point moved = Clock::now();
    pollfd waiting = {socket, POLLIN, 0};
    while (poll(&waiting, 1, kSliceMilliseconds) <= 0) {
      if (ended_) Throw();
      if (deadline_.Stopped()) Refuse("was ended: the time is up");
      const Clock::time_point now = Clock::now();
      if (const std::uint64_t signs = life->load(); signs != last) {
        last = signs;
        moved = now;
      }
      if (max_silence_ > 0 && std::chrono::duration<double>(now - moved).count() > max_silence_)
        Refuse(fmt::format("hangs: no sign of life for {:g} seconds", max_silence_));
    }
  }

  Message Receive(int socket) {
    Message message;
    message.text.resize(kMaxDecoderText);
    iovec parts[] = {{&message.reply, sizeof(message.reply)}, {message.text.data(), message.text.size()}};
    msghdr head = {};
    head.msg_iov = parts;
    head.msg_iovlen = std::size(parts);
    ssize_t count = 0;
    do {
      count = recvmsg(socket, &head, 0);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) Lost();
    if (count < static_cast<ssize_t>(sizeof(message.reply)) || (head.msg_flags & MSG_TRUNC) != 0 ||
        message.reply.mark != kDecoderMark)
      Refuse();
    message.text.resize(static_cast<std::size_t>(count) - sizeof(message.reply));
    return message;
  }

  // The Error that happened there, as if it had happened here.
  [[noreturn]] void ThrowTold(const std::string& text) const {
    const std::size_t zero = std::min(text.find('\0'), text.size());
    const std::string what = text.substr(0, zero), hint = zero < text.size() ? text.substr(zero + 1) : "";
    const std::string prefix = Printable(path_) + ": ";
    if (what.starts_with(prefix)) throw Error(path_, what.substr(prefix.size()), hint);
    throw Error("", what, hint);
  }

  // It hung up, by its end or before it.
  [[noreturn]] void Lost() {
    End();
    Throw();
  }

  void Blame(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    if (problem_.empty()) problem_ = problem;
  }

  void End() {
    const std::lock_guard lock(mutex_);
    if (ended_.exchange(true)) return;
    // One that hung up by itself is given the time to end as it does.
    int status = 0;
    for (int i = 0; problem_.empty() && i < 200; ++i) {
      if (waitpid(process_, &status, WNOHANG) == process_) {
        problem_ = EndText(status);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (problem_.empty()) problem_ = "was lost";
    kill(process_, SIGKILL);
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  [[noreturn]] void Throw() {
    const std::lock_guard lock(mutex_);
    throw DecoderFailure(path_, problem_);
  }

  Kind kind_;
  std::size_t bytes_ = 0;
  int memory_descriptor_ = -1;
  void* memory_ = MAP_FAILED;
  std::array<Channel, kDecoderChannels> channels_;
  pid_t process_ = -1;
  std::atomic<bool> ended_ = false;
  std::string path_;
  Deadline deadline_;
  double max_silence_ = 0;
  std::mutex mutex_;  // of what follows
  std::string problem_;
  std::vector<std::int64_t> forgotten_;
};

// Where processes wait. It outlives the pool while readers hold some.
struct DecoderPool::Shelf {
  std::mutex mutex;
  bool open = true;
  std::vector<std::unique_ptr<DecoderProcess>> idle;
};

DecoderPool::DecoderPool(std::string verb) : verb_(std::move(verb)), shelf_(std::make_shared<Shelf>()) {}

DecoderPool::~DecoderPool() {
  std::vector<std::unique_ptr<DecoderProcess>> idle;
  const std::lock_guard lock(shelf_->mutex);
  shelf_->open = false;
  idle.swap(shelf_->idle);
}

void DecoderPool::WarmUp(const MediaLimits& limits) {
  if (limits.isolation == "none") return;
  const Kind kind = KindFor(limits);
  const std::lock_guard lock(shelf_->mutex);
  if (shelf_->idle.empty()) shelf_->idle.push_back(std::make_unique<DecoderProcess>(verb_, kind));
}

std::shared_ptr<DecoderProcess> DecoderPool::Take(const MediaLimits& limits) {
  const Kind kind = KindFor(limits);
  std::unique_ptr<DecoderProcess> process;
  {
    const std::lock_guard lock(shelf_->mutex);
    auto& idle = shelf_->idle;
    const auto found =
        std::find_if(idle.begin(), idle.end(), [&](const auto& other) { return other->kind() == kind; });
    if (found != idle.end()) {
      process = std::move(*found);
      idle.erase(found);
    }
  }
  if (!process) process = std::make_unique<DecoderProcess>(verb_, kind);
  return {process.release(), [shelf = shelf_](DecoderProcess* used) {
            std::unique_ptr<DecoderProcess> back(used);
            if (!back->Clean()) return;
            constexpr std::size_t kMostIdle = 64;
            const std::lock_guard lock(shelf->mutex);
            if (shelf->open && shelf->idle.size() < kMostIdle) shelf->idle.push_back(std::move(back));
          }};
}

std::string IsolationWarning(const MediaLimits& limits) {
  if (limits.isolation != "strict") return "";
  const std::string problem = SandboxProblem();
  if (problem.empty()) return "";
  return fmt::format("--isolation strict: {}; files are decoded in a process with limits, but in no sandbox",
                     problem);
}

namespace {

std::shared_ptr<DecoderProcess> ProcessFor(const MediaLimits& limits) {
  return (limits.decoders ? limits.decoders : std::make_shared<DecoderPool>())->Take(limits);
}

// Sends a file over, with `task`.
Message Hand(const InputFile& file, DecoderTask task, const MediaLimits& limits, const Deadline& deadline,
             DecoderProcess* process,
             const std::function<void(const DecoderReply&, const std::uint8_t*)>& use = nullptr) {
  process->Begin(file.path(), limits, deadline);
  DecoderRequest request;
  request.task = task;
  request.max_pixels = limits.max_pixels;
  request.probe_bytes = limits.probe_bytes;
  request.max_duration = limits.max_duration;
  request.max_streams = limits.max_streams;
  return process->Ask(request, file.path(), file.descriptor(), nullptr, use);
}

// A kept frame.
class KeptFrame : public DistantFrame {
 public:
  KeptFrame(std::shared_ptr<DecoderProcess> process, const DecoderReply& reply)
      : process_(std::move(process)),
        id_(reply.frame),
        size_(reply.width, reply.height),
        range_(static_cast<DynamicRange>(reply.range)) {}
  ~KeptFrame() override { process_->Forget(id_); }
  KeptFrame(const KeptFrame&) = delete;
  KeptFrame& operator=(const KeptFrame&) = delete;

  cv::Size size() const override { return size_; }
  DynamicRange dynamic_range() const override { return range_; }

  cv::Mat Part(Orientation turn, const cv::Rect& area) const override {
    CV_Assert((area & cv::Rect({}, Turned(turn))) == area);
    DecoderRequest request = Of(DecoderTask::kPart, turn);
    request.x = area.x;
    request.y = area.y;
    request.width = area.width;
    request.height = area.height;
    return Picture(request, area.size());
  }

  cv::Mat Shrunk(Orientation turn, int side) const override {
    DecoderRequest request = Of(DecoderTask::kShrunk, turn);
    request.width = side;
    return Picture(request, VideoFrame::ShrunkSize(Turned(turn), side));
  }

 private:
  cv::Size Turned(Orientation turn) const {
    return turn.transpose ? cv::Size(size_.height, size_.width) : size_;
  }

  DecoderRequest Of(DecoderTask task, Orientation turn) const {
    DecoderRequest request;
    request.task = task;
    request.frame = id_;
    request.transpose = turn.transpose ? 1 : 0;
    request.flip_x = turn.flip_x ? 1 : 0;
    request.flip_y = turn.flip_y ? 1 : 0;
    return request;
  }

  cv::Mat Picture(const DecoderRequest& request, const cv::Size& size) const {
    const std::size_t bytes =
        3 * static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
    cv::Mat picture(size, CV_8UC3);
    process_->Convert(request, [&](const DecoderReply& reply, const std::uint8_t* region) {
      if (cv::Size(reply.width, reply.height) != size || bytes > process_->kind().region_bytes)
        process_->Refuse();
      std::memcpy(picture.data, region, bytes);
    });
    return picture;
  }

  std::shared_ptr<DecoderProcess> process_;
  std::int64_t id_;
  cv::Size size_;
  DynamicRange range_;
};

class IsolatedSource : public FrameSource {
 public:
  IsolatedSource(const std::filesystem::path& path, const MediaLimits& limits, const Deadline& deadline)
      : limits_(limits), process_(ProcessFor(limits)) {
    limits_.decoders.reset();
    const InputFile file(path, deadline);
    Hand(file, DecoderTask::kOpen, limits, deadline, process_.get());
  }

  void ShowOnly(const VideoScan& scan, const std::vector<double>& wanted) override {
    if (scan.order.empty()) return;
    DecoderRequest request = Asking(DecoderTask::kShowOnly);
    request.times = scan.times.size();
    request.packets = scan.order.size();
    request.wanted = wanted.size();
    const std::size_t bytes =
        sizeof(double) * (scan.times.size() + wanted.size()) + (sizeof(double) + 1) * scan.order.size();
    if (bytes > process_->kind().region_bytes) return;  // then all frames are decoded
    process_->Ask(request, {}, -1, [&](std::uint8_t* region) {
      const auto put = [&region](const void* from, std::size_t size) {
        if (size > 0) std::memcpy(region, from, size);
        region += size;
      };
      put(scan.times.data(), sizeof(double) * scan.times.size());
      for (const ScannedPacket& packet : scan.order) {
        const std::uint8_t is_start = packet.is_start ? 1 : 0;
        put(&packet.pts_seconds, sizeof(packet.pts_seconds));
        put(&is_start, sizeof(is_start));
      }
      put(wanted.data(), sizeof(double) * wanted.size());
    });
  }

  std::optional<FrameStamp> Next() override {
    try {
      const Message message = process_->Ask(Asking(DecoderTask::kNext), process_->TakeForgotten());
      if (message.reply.answer == DecoderAnswer::kEnd) return std::nullopt;
      if (message.reply.index < 0 || !std::isfinite(message.reply.pts_seconds)) process_->Refuse();
      return FrameStamp{message.reply.index, message.reply.pts_seconds};
    } catch (const DecoderFailure&) {
      if (process_->deadline().Stopped()) return std::nullopt;
      throw;
    }
  }

  VideoFrame Frame() const override {
    const DecoderReply reply = process_->Ask(Asking(DecoderTask::kKeep)).reply;
    constexpr std::int64_t kMostStretched = 5;  // to square pixels, rounded up
    const bool sized = reply.width > 0 && reply.height > 0 &&
                       std::int64_t{reply.width} * reply.height <= kMostStretched * limits_.max_pixels;
    const bool ranged = reply.range >= 0 && reply.range <= static_cast<int>(DynamicRange::kHlg);
    if (!sized || !ranged) process_->Refuse();
    return VideoFrame(std::make_shared<const KeptFrame>(process_, reply));
  }

  std::string damage() const override { return State().text; }
  std::int64_t damaged_packets() const override { return State().reply.damaged_packets; }
  std::int64_t damaged_frames() const override { return State().reply.damaged_frames; }

 private:
  static DecoderRequest Asking(DecoderTask task) {
    DecoderRequest request;
    request.task = task;
    return request;
  }

  Message State() const {
    try {
      Message message = process_->Ask(Asking(DecoderTask::kState));
      if (message.reply.damaged_packets < 0 || message.reply.damaged_frames < 0) process_->Refuse();
      message.text = Printable(message.text);
      return message;
    } catch (const DecoderFailure&) {
      if (process_->deadline().Stopped()) return {};
      throw;
    }
  }

  MediaLimits limits_;
  std::shared_ptr<DecoderProcess> process_;
};

class IsolatedSound : public SoundSource {
 public:
  IsolatedSound(const std::filesystem::path& path, const MediaLimits& limits, const Deadline& deadline)
      : process_(ProcessFor(limits)) {
    const InputFile file(path, deadline);
    Hand(file, DecoderTask::kOpenSound, limits, deadline, process_.get(),
         [this](const DecoderReply& reply, const std::uint8_t* region) { Take(reply.sound, region); });
  }
  ~IsolatedSound() override { avcodec_parameters_free(&codec_); }
  IsolatedSound(const IsolatedSound&) = delete;
  IsolatedSound& operator=(const IsolatedSound&) = delete;

  const AVCodecParameters* codec() const override { return codec_; }
  AVRational tick() const override { return tick_; }

  AvPtr<AVPacket> Next() override {
    AvPtr<AVPacket> packet(av_packet_alloc());
    if (!packet) throw std::bad_alloc();
    DecoderRequest request;
    request.task = DecoderTask::kNextSound;
    const Message message =
        process_->Ask(request, {}, -1, nullptr, [&](const DecoderReply& reply, const std::uint8_t* region) {
          const SoundPacket& sound = reply.sound_packet;
          constexpr std::uint64_t kMostBytes = 1 << 24;
          if (sound.bytes > kMostBytes) process_->Refuse();
          if (av_new_packet(packet.get(), static_cast<int>(sound.bytes)) < 0) throw std::bad_alloc();
          if (sound.bytes > 0) std::memcpy(packet->data, region, sound.bytes);
          packet->pts = sound.pts;
          packet->dts = sound.dts;
          packet->duration = sound.duration;
          packet->flags = sound.flags;
        });
    if (message.reply.answer == DecoderAnswer::kEnd) return nullptr;
    return packet;
  }

 private:
  void Take(const SoundFormat& sound, const std::uint8_t* region) {
    constexpr std::uint64_t kMostExtra = 1 << 20;
    constexpr int kMostChannels = 64;
    const bool good = sound.extra_bytes <= kMostExtra && sound.channels >= 0 &&
                      sound.channels <= kMostChannels && sound.tick_numerator > 0 &&
                      sound.tick_denominator > 0;
    if (!good) process_->Refuse();
    codec_ = avcodec_parameters_alloc();
    if (codec_ == nullptr) throw std::bad_alloc();
    codec_->codec_type = AVMEDIA_TYPE_AUDIO;
    codec_->codec_id = static_cast<AVCodecID>(sound.codec);
    codec_->codec_tag = static_cast<std::uint32_t>(sound.tag);
    codec_->format = sound.sample_format;
    codec_->sample_rate = sound.sample_rate;
    codec_->profile = sound.profile;
    codec_->level = sound.level;
    codec_->block_align = sound.block_align;
    codec_->frame_size = sound.frame_size;
    codec_->initial_padding = sound.initial_padding;
    codec_->trailing_padding = sound.trailing_padding;
    codec_->seek_preroll = sound.seek_preroll;
    codec_->bits_per_coded_sample = sound.bits_per_coded_sample;
    codec_->bits_per_raw_sample = sound.bits_per_raw_sample;
    codec_->bit_rate = sound.bit_rate;
    if (sound.channel_mask == 0 || av_channel_layout_from_mask(&codec_->ch_layout, sound.channel_mask) < 0)
      av_channel_layout_default(&codec_->ch_layout, sound.channels);
    if (sound.extra_bytes > 0) {
      codec_->extradata =
          static_cast<std::uint8_t*>(av_mallocz(sound.extra_bytes + AV_INPUT_BUFFER_PADDING_SIZE));
      if (codec_->extradata == nullptr) throw std::bad_alloc();
      std::memcpy(codec_->extradata, region, sound.extra_bytes);
      codec_->extradata_size = static_cast<int>(sound.extra_bytes);
    }
    tick_ = {sound.tick_numerator, sound.tick_denominator};
  }

  std::shared_ptr<DecoderProcess> process_;
  AVCodecParameters* codec_ = nullptr;
  AVRational tick_ = {1, 1};
};

}  // namespace

std::unique_ptr<FrameSource> OpenIsolated(const std::filesystem::path& path, const MediaLimits& limits,
                                          const Deadline& deadline) {
  return std::make_unique<IsolatedSource>(path, limits, deadline);
}

std::unique_ptr<SoundSource> OpenSoundIsolated(const std::filesystem::path& path, const MediaLimits& limits,
                                               const Deadline& deadline) {
  return std::make_unique<IsolatedSound>(path, limits, deadline);
}

VideoScan ScanIsolated(const std::filesystem::path& path, const MediaLimits& limits,
                       const Deadline& deadline) {
  const InputFile file(path, deadline);
  const auto process = ProcessFor(limits);
  VideoScan scan;
  const auto take = [&](const DecoderReply& reply, const std::uint8_t* region) {
    const auto most = static_cast<std::uint64_t>(kMaxPackets);
    const bool good = reply.times <= most && reply.packets_listed <= most &&
                      sizeof(double) * reply.times + (sizeof(double) + 1) * reply.packets_listed <=
                          process->kind().region_bytes &&
                      reply.packets >= 0 && reply.left_out >= 0 && reply.damaged_packets >= 0;
    if (!good) process->Refuse();
    scan.times.resize(reply.times);
    if (reply.times > 0) std::memcpy(scan.times.data(), region, sizeof(double) * reply.times);
    region += sizeof(double) * reply.times;
    scan.order.resize(reply.packets_listed);
    for (ScannedPacket& packet : scan.order) {
      std::memcpy(&packet.pts_seconds, region, sizeof(double));
      packet.is_start = region[sizeof(double)] != 0;
      region += sizeof(double) + 1;
    }
    const bool finite =
        std::all_of(scan.times.begin(), scan.times.end(), [](double time) { return std::isfinite(time); });
    if (!finite || !std::is_sorted(scan.times.begin(), scan.times.end())) process->Refuse();
  };
  const Message message = Hand(file, DecoderTask::kScan, limits, deadline, process.get(), take);
  scan.packets = message.reply.packets;
  scan.left_out = message.reply.left_out;
  scan.damaged_packets = message.reply.damaged_packets;
  scan.ascending = message.reply.ascending != 0;
  scan.damage = Printable(message.text);
  return scan;
}

}  // namespace seam
