#pragma once

#include "train/classifier/loader.h"
#include "train/train_batch.h"

namespace seam {

struct ClassifierLossOptions {
  double label_smoothing = 0;  // share of a label that both classes split
  double xray = 0;             // weight of the loss on where clips are blended; 0: without
  void Register(Options* options);
  void Check() const;  // UsageError
};

// Clips with a label each. The loss is binary cross-entropy with label smoothing (Szegedy et al. 2016). With
// xray a second loss is added, on the map of where a clip is blended (Li et al., "Face X-ray", CVPR 2020). It
// is not reported.
class ClassifierBatch : public TrainBatch {
 public:
  // Names inputs by `dataset`, which must outlive it.
  ClassifierBatch(Batch batch, const ClassifierLossOptions& options, const ClipDataset* dataset = nullptr)
      : batch_(std::move(batch)), options_(options), dataset_(dataset) {}

  std::int64_t samples() const override { return batch_.labels.numel(); }
  std::int64_t progress() const override;
  std::vector<torch::Tensor> Forward(
      Model* network) const override;  // logits [N], or of one black clip; the map
  BatchLoss Loss(const std::vector<torch::Tensor>& answers) const override;
  std::vector<std::string> InputNames() const override;
  Sheet Picture() const override;

 private:
  bool traced() const { return options_.xray > 0 && batch_.xray.defined() && samples() > 0; }

  Batch batch_;
  ClassifierLossOptions options_;
  const ClipDataset* dataset_;
};

}  // namespace seam
