#include "infer/shared_batch.h"

#include <limits>
#include <utility>

namespace seam {

void SharedBatch::Add(ClipViews clip, const std::shared_ptr<Scores>& scores, Scored scored) {
  std::vector<Waiting> batch;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(clip), scores, scores->values.size(), std::move(scored)});
    scores->values.emplace_back();
    ++scores->missing;
    if (waiting_.size() >= size_) batch = std::exchange(waiting_, {});
  }
  Run(std::move(batch));
}

void SharedBatch::Wait(const std::shared_ptr<Scores>& scores) {
  std::unique_lock lock(mutex_);
  bool here = false;  // a clip of this video is still waiting
  for (const Waiting& waiting : waiting_) here = here || waiting.scores == scores;
  if (here) {
    std::vector<Waiting> batch = std::exchange(waiting_, {});
    lock.unlock();
    Run(std::move(batch));
    lock.lock();
  }
  done_.wait(lock, [&] { return scores->missing == 0 || failure_ != nullptr; });
  if (scores->missing > 0) std::rethrow_exception(failure_);
}

void SharedBatch::Run(std::vector<Waiting> batch) {
  if (batch.empty()) return;
  std::vector<ClipOutput> values;
  try {
    std::vector<ClipViews> clips;
    for (Waiting& waiting : batch) clips.push_back(std::move(waiting.clip));
    const bool cancelled = cancel_.Cancelled();
    values = cancelled ? std::vector<ClipOutput>(clips.size(), {std::numeric_limits<double>::quiet_NaN()})
                       : ensemble_.ScoreClips(clips);
    for (std::size_t i = 0; i < batch.size() && !cancelled; ++i) {
      if (batch[i].scored) batch[i].scored(clips[i], values[i].score);
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    done_.notify_all();
    throw;
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].scores->values[batch[i].place] = values[i];
    --batch[i].scores->missing;
  }
  done_.notify_all();
}

}  // namespace seam
