#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <torch/types.h>

#include "base/options.h"
#include "train/augment.h"
#include "train/dataset.h"

namespace seam {

struct LoaderOptions {
  int batch = 64;
  int workers = 0;  // at most, and with 0, as many as the machine has cores
  bool balance = false;
  AugmentOptions augment = {};
  void Register(Options* options);
  void Check() const;  // UsageError
};

// Clips of one batch as networks take them.
struct Batch {
  torch::Tensor clips;               // [N, T, 3, S, S] uint8 RGB; in memory the channels stand last
  torch::Tensor labels;              // [N] float, 1 is fake
  std::vector<std::size_t> indices;  // of the clips in the dataset
};

// Which clips an epoch shows, in what order, and what happens to each. Batches differ in size by one at most,
// so that none is tiny.
struct EpochPlan {
  struct Sample {
    std::size_t index = 0;
    Augmentation augmentation = {};
    int first = 0;  // frame of the clip that the window begins with
    bool operator==(const Sample&) const = default;
  };
  std::vector<Sample> samples;
  std::size_t batches = 0;
  int frames = 0;  // of a window; 0: the whole clip
};

// A shuffled epoch, a pure function of the dataset's labels, the options, seed and epoch. Every clip once;
// with `balance` every clip of the larger class once and the clips of the smaller class as often as it takes
// to be as many. Of each clip a window of `frames` that begins anywhere; 0, and what fits no clip, is all of
// it.
EpochPlan PlanTraining(const ClipDataset& dataset, const LoaderOptions& options, std::uint64_t seed,
                       std::uint64_t epoch, int frames = 0);
// Every clip once, in order, not mirrored; of each the window in its middle.
EpochPlan PlanInOrder(const ClipDataset& dataset, const LoaderOptions& options, int frames = 0);

// Decodes a plan's batches ahead of the consumer on threads of its own, three batches at most. The dataset
// must outlive it; destroying it early stops the work.
//
//   BatchLoader loader(dataset, PlanTraining(dataset, options, seed, epoch), options.workers);
//   while (auto batch = loader.Next()) { ... }
class BatchLoader {
 public:
  BatchLoader(const ClipDataset& dataset, EpochPlan plan, int workers);
  ~BatchLoader();

  // The next batch in the plan's order, none at its end. Throws what a worker threw: an Error that names the
  // file, the record and the video of a clip that cannot be read. One thread.
  std::optional<Batch> Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
