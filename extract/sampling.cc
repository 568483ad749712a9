#include "extract/sampling.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/error.h"

namespace seam {

void SampleOptions::Register(Options* options) {
  options->Add("frames", &frames, "frames to look at in each video, evenly in time");
  options->Add("stride", &stride, "look at every K-th frame instead of --frames (0: use --frames)");
}

void SampleOptions::Check() const {
  if (frames < 1) throw UsageError("--frames", "must be at least 1");
  if (stride < 0) throw UsageError("--stride", "must not be negative", "0 means: use --frames");
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
  // The last frame is shown as long as the average one.
  const double duration = (times.back() - times.front()) * static_cast<double>(times.size()) /
                          static_cast<double>(times.size() - 1);
  for (std::size_t k = 0; k < count; ++k) {
    const double middle = times.front() + duration * (static_cast<double>(k) + 0.5) / frames;
    const auto after = std::upper_bound(times.begin(), times.end(), middle);
    const double shown = *std::prev(after);
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
  std::vector<double> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0.0);
  FrameSampler sampler = Even(frames, numbers);
  sampler.by_index_ = true;
  return sampler;
}

bool FrameSampler::Wants(const FrameStamp& stamp) {
  if (stride_ > 0) return stamp.index % stride_ == 0;
  constexpr double kTick = 1e-6;  // far below any time base's
  const double place = by_index_ ? static_cast<double>(stamp.index) : stamp.pts_seconds;
  bool wanted = false;
  while (next_ < wanted_.size() && wanted_[next_] <= place + kTick) {
    wanted = true;
    ++next_;
  }
  return wanted;
}

bool FrameSampler::Finished() const { return stride_ == 0 && next_ == wanted_.size(); }

}  // namespace seam
