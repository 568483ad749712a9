#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <torch/types.h>

#include "train/data/dataset.h"
#include "train/data/epoch_plan.h"

namespace seam {

// Clips of one batch as networks take them: of a process's share, where there are several.
struct Batch {
  torch::Tensor clips;               // [N, T, 3, S, S] uint8 RGB; in memory the channels stand last
  torch::Tensor labels;              // [N] float, 1 is fake
  std::vector<std::size_t> indices;  // of the clips in the dataset
  std::size_t planned = 0;  // samples of the batch in all processes, those that proved unreadable among them
  torch::Tensor xray = {};  // [N, T, X, X] float, as ClipMaker::Make() says; undefined without
};

// Decodes a plan's batches ahead of the consumer on threads of its own, three batches at most. The dataset
// must outlive it; destroying it early stops the work.
//
//   BatchLoader loader(dataset, PlanTraining(dataset, options, seed, epoch), options.workers);
//   while (auto batch = loader.Next()) { ... }
class BatchLoader {
 public:
  BatchLoader(const ClipDataset& dataset, EpochPlan plan, int workers);
  ~BatchLoader();

  // The next batch in the plan's order, none at its end. Clips that cannot be read or decoded are the
  // dataset's to judge (NoteBadPicture()): either Next() throws its Error, or the batch goes without them. A
  // batch that has none left is passed over, except where several processes share it. A plan that has none
  // left is an Error. One thread.
  std::optional<Batch> Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
