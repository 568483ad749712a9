#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include <opencv2/core.hpp>

#include "infer/predictor.h"

namespace seam {

// Gathers the clips of several videos and runs them through the network together. The thread that fills a
// batch scores it, so nobody waits for a batch that others fill: a video that has ended (Wait()) scores what
// is there, however little, and waits only for threads that are already at work on clips of its own.
class SharedBatch {
 public:
  // The scores of one video, in the order of Add(). Kept alive by the batches that hold clips of it.
  struct Scores {
    std::vector<double> values;
    std::size_t missing = 0;
  };

  // At most `size` clips at once.
  SharedBatch(const Predictor& predictor, std::size_t size) : predictor_(predictor), size_(size) {}

  // `clip`: T pictures, see Predictor::Score(). Any thread, one at a time for each `scores`. Throws what the
  // network throws.
  void Add(std::vector<cv::Mat> clip, const std::shared_ptr<Scores>& scores);
  // Returns when `scores` are complete. Throws when a batch with one of them failed, in whatever thread.
  void Wait(const std::shared_ptr<Scores>& scores);

 private:
  struct Waiting {
    std::vector<cv::Mat> clip;
    std::shared_ptr<Scores> scores;
    std::size_t place = 0;  // in scores->values
  };
  void Run(std::vector<Waiting> batch);

  const Predictor& predictor_;
  std::size_t size_;
  std::mutex mutex_;  // guards all below, and every Scores
  std::condition_variable done_;
  std::vector<Waiting> waiting_;
  std::exception_ptr failure_;
};

}  // namespace seam
