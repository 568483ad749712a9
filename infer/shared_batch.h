#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#include "base/cancel.h"
#include "infer/ensemble.h"

namespace seam {

// Gathers the clips of several videos and runs them through the network together. The thread that fills a
// batch scores it, so nobody waits for a batch that others fill. A video that has ended (Wait()) scores what
// is there, however little. It waits only for threads that are already at work on clips of its own.
class SharedBatch {
 public:
  // The scores of one video, in the order of Add(). Kept alive by the batches that hold clips of it.
  struct Scores {
    std::vector<ClipOutput> values;
    std::size_t missing = 0;
  };

  // At most `size` clips at once.
  // Once `cancel` ends the run, scores are NaN and the network is left alone.
  SharedBatch(const Ensemble& ensemble, std::size_t size, CancelToken cancel = {})
      : ensemble_(ensemble), size_(size), cancel_(std::move(cancel)) {}

  // Called with the clip when its score is there, on any thread, before Wait() returns.
  using Scored = std::function<void(const ClipViews& clip, double score)>;

  // `clip`: see Ensemble::ScoreClips(). Any thread, one at a time for each `scores`. Throws what
  // the network and `scored` throw.
  void Add(ClipViews clip, const std::shared_ptr<Scores>& scores, Scored scored = nullptr);
  // Returns when `scores` are complete. Throws when a batch with one of them failed, in whatever thread.
  void Wait(const std::shared_ptr<Scores>& scores);

 private:
  struct Waiting {
    ClipViews clip;
    std::shared_ptr<Scores> scores;
    std::size_t place = 0;  // in scores->values
    Scored scored;
  };
  void Run(std::vector<Waiting> batch);

  const Ensemble& ensemble_;
  std::size_t size_;
  CancelToken cancel_;
  std::mutex mutex_;  // guards all below, and every Scores
  std::condition_variable done_;
  std::vector<Waiting> waiting_;
  std::exception_ptr failure_;
};

}  // namespace seam
