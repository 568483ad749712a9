#pragma once

#include "train/classifier/loader.h"
#include "train/train_batch.h"

namespace seam {

struct ClassifierLossOptions {
  double label_smoothing = 0;  // share of a label that both classes split
  std::string class_weights = "none";
  double xray = 0;  // weight of the loss on where clips are blended; 0: without
  // What a clip's loss is multiplied by; WeighClasses() says it.
  double real_weight = 1, fake_weight = 1;
  void Register(Options* options);
  void Check() const;  // UsageError
  // With class_weights "balanced" a class of n among N clips gets N / 2n, so that both weigh as much. The
  // mean over all clips is 1.
  void WeighClasses(std::int64_t reals, std::int64_t fakes);
};

// Clips with a label each. The loss is binary cross-entropy with label smoothing (Szegedy et al. 2016), each
// clip's times its class's weight. With
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
