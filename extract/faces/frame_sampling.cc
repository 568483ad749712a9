#include "extract/faces/frame_sampling.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

namespace {

constexpr int kMaxWindow = 512;  // training takes no longer clips
constexpr int kMaxDetectEvery = 8;
constexpr int kMostWindows = 1'000'000, kMaxWindowStride = 10'000;

// A video whose frames are shown at `times`. The last is shown as long as the average one.
double FindDuration(const std::vector<double>& times) {
  if (times.size() < 2) return 0;
  return (times.back() - times.front()) * static_cast<double>(times.size()) /
         static_cast<double>(times.size() - 1);
}

// The number of the frame on show in the middle of the k-th of `parts` equal parts of the video.
std::size_t InTheMiddle(std::size_t k, std::size_t parts, const std::vector<double>& times) {
  const double part = (static_cast<double>(k) + 0.5) / static_cast<double>(parts);
  const double middle = times.front() + FindDuration(times) * part;
  const auto after = std::upper_bound(times.begin(), times.end(), middle);
  return static_cast<std::size_t>(std::max(std::distance(times.begin(), after), std::ptrdiff_t{1})) - 1;
}

// The numbers of the windows' first frames; `span` is the number of frames from there to a window's end.
std::vector<std::size_t> WindowStarts(std::size_t windows, std::size_t span,
                                      const std::vector<double>& times) {
  std::vector<std::size_t> starts(std::min(windows, times.size() / span));
  std::size_t free_from = 0;
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const std::size_t middle = InTheMiddle(k, starts.size(), times);
    starts[k] = std::max(middle - std::min(middle, span / 2), free_from);
    free_from = starts[k] + span;
  }
  std::size_t free_to = times.size();
  for (std::size_t k = starts.size(); k-- > 0; free_to = starts[k])
    starts[k] = std::min(starts[k], free_to - span);
  return starts;
}

// The numbers of the first frames of every `sets`-th of the windows that begin `hop` frames apart.
std::vector<std::size_t> HoppingStarts(const SampleOptions& options, int set, std::size_t frames) {
  std::vector<std::size_t> starts;
  const auto hop = static_cast<std::size_t>(options.window_hop),
             span = static_cast<std::size_t>(options.WindowSpan()),
             step = hop * static_cast<std::size_t>(options.WindowSets());
  for (std::size_t start = hop * static_cast<std::size_t>(set); start + span <= frames; start += step)
    starts.push_back(start);
  return starts;
}

std::vector<double> Numbers(std::int64_t count) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0.0);
  return numbers;
}

}  // namespace

void SampleOptions::Register(Options* options) {
  options->Add("frames", &frames, "frames to look at in each video, evenly in time", AtLeast(1));
  options->Add("stride", &stride, "look at every K-th frame instead of --frames (0: use --frames)",
               AtLeast(0));
  options->Add("window", &window, "look at windows of so many frames instead of --frames (0: single frames)",
               Between(0, kMaxWindow));
  options->Add("windows", &windows, "how many windows of --window frames in each video, evenly in time",
               Between(1, kMostWindows));
  options->Add("window-stride", &window_stride, "how many frames lie from one frame of a window to the next",
               Between(1, kMaxWindowStride, "1 means: consecutive frames"));
  options->Add(
      "detect-every", &detect_every,
      "look for faces in every K-th frame of a window, and in its last; in between they are followed",
      Between(1, kMaxDetectEvery, "over longer ways faces do not move in straight lines"));
}

void SampleOptions::Check() const { CheckDeclared(*this); }

void SampleOptions::CheckTogether(const Options& options) {
  constexpr std::pair<const char*, const char*> kApart[] = {
      {"frames", "window"}, {"frames", "windows"}, {"stride", "window"}};
  for (const auto& [one, other] : kApart) {
    if (options.Given(one) && options.Given(other)) {
      throw UsageError(fmt::format("--{}", one), fmt::format("makes no sense with --{}", other),
                       "frames, a stride or windows: choose one of them");
    }
  }
  for (const char* name : {"windows", "window-stride", "detect-every"}) {
    if (options.Given(name) && !options.Given("window")) {
      throw UsageError(fmt::format("--{}", name), "needs --window",
                       "--window 16 --windows 8 takes 8 windows of 16 consecutive frames");
    }
  }
}

int SampleOptions::WindowSets() const {
  if (window_hop == 0) return 1;
  return static_cast<int>((WindowSpan() + window_hop - 1) / window_hop);
}

SampleOptions SampleOptions::Times(double factor) const {
  constexpr double kMost = std::numeric_limits<int>::max();
  const auto more = [&](int count) { return static_cast<int>(std::min(std::round(count * factor), kMost)); };
  SampleOptions scaled = *this;
  scaled.frames = more(frames);
  scaled.windows = more(windows);
  if (stride > 0) scaled.stride = std::max(1, static_cast<int>(std::round(stride / factor)));
  return scaled;
}

FrameSampler FrameSampler::Stride(int stride) {
  FrameSampler sampler;
  sampler.stride_ = stride;
  return sampler;
}

FrameSampler FrameSampler::Even(int frames, const std::vector<double>& times) {
  FrameSampler sampler;
  const auto count = static_cast<std::size_t>(frames);
  if (times.size() <= count) {
    sampler.wanted_ = times;
    return sampler;
  }
  for (std::size_t k = 0; k < count; ++k) {
    const double shown = times[InTheMiddle(k, count, times)];
    if (sampler.wanted_.empty() || shown > sampler.wanted_.back()) sampler.wanted_.push_back(shown);
  }
  // A frame that is on show for several parts leaves room for others: evenly from those not taken.
  std::vector<double> others;
  std::set_difference(times.begin(), times.end(), sampler.wanted_.begin(), sampler.wanted_.end(),
                      std::back_inserter(others));
  const std::size_t room = std::min(count - sampler.wanted_.size(), others.size());
  for (std::size_t k = 0; k < room; ++k) {
    sampler.wanted_.push_back(others[(2 * k + 1) * others.size() / (2 * room)]);
  }
  std::sort(sampler.wanted_.begin(), sampler.wanted_.end());
  return sampler;
}

FrameSampler FrameSampler::EvenByIndex(int frames, std::int64_t count) {
  FrameSampler sampler = Even(frames, Numbers(count));
  sampler.by_index_ = true;
  return sampler;
}

FrameSampler FrameSampler::Windows(const SampleOptions& options, const std::vector<double>& times, int set) {
  FrameSampler sampler;
  sampler.length_ = options.ClipFrames();
  const auto step = static_cast<std::size_t>(options.window_stride);
  const auto span = static_cast<std::size_t>(options.WindowSpan());
  const std::vector<std::size_t> starts =
      options.window_hop > 0 ? HoppingStarts(options, set, times.size())
                             : WindowStarts(static_cast<std::size_t>(options.windows), span, times);
  for (const std::size_t start : starts) {
    for (std::size_t frame = start; frame < start + span; frame += step)
      sampler.wanted_.push_back(times[frame]);
  }
  return sampler;
}

FrameSampler FrameSampler::WindowsByIndex(const SampleOptions& options, std::int64_t count, int set) {
  FrameSampler sampler = Windows(options, Numbers(count), set);
  sampler.by_index_ = true;
  return sampler;
}

FrameSampler FrameSampler::At(const std::vector<std::int64_t>& numbers, int length) {
  FrameSampler sampler;
  sampler.by_index_ = true;
  sampler.length_ = length;
  sampler.wanted_.assign(numbers.begin(), numbers.end());
  return sampler;
}

std::optional<FrameSlot> FrameSampler::Wants(const FrameStamp& stamp) {
  if (stride_ > 0) {
    if (stamp.index % stride_ != 0) return std::nullopt;
    return FrameSlot{stamp.index / stride_, 0};
  }
  constexpr double kTick = 1e-6;  // far below any time base's
  const double place = by_index_ ? static_cast<double>(stamp.index) : stamp.pts_seconds;
  const std::size_t before = next_;
  while (next_ < wanted_.size() && wanted_[next_] <= place + kTick) ++next_;
  if (next_ == before) return std::nullopt;
  const auto last = static_cast<std::int64_t>(next_) - 1;
  return FrameSlot{last / length_, static_cast<int>(last % length_)};
}

bool FrameSampler::Finished() const { return stride_ == 0 && next_ == wanted_.size(); }

}  // namespace seam
