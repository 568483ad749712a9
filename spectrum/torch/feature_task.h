#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/zoo/model_options.h"
#include "spectrum/classifier.h"
#include "spectrum/feature_set.h"
#include "train/task.h"

namespace seam {

// What `seam spectrum train` has a network learn: the classes of rows of features. The loss is the cross
// entropy, for "nn" with l2 sum w^2 of its first layer. The best epoch has the smallest loss on the rows of
// `val`. Without `val` it is the loss on a fifth of the rows of `set`, drawn by the seed; rows of one picture
// or video stay together.
class FeatureTask : public Task {
 public:
  // `set` and `val` must outlive it. Every row has a label.
  FeatureTask(const FeatureSet& set, const FeatureSet* val, ModelOptions network,
              const ClassifierOptions& options);

  const RowSchema& schema() const override { return schema_; }
  std::vector<std::string> local_options() const override { return {}; }
  InitialModel MakeNetwork(const std::string& init, std::uint64_t seed) const override;
  void Open(const Model& network) override;
  nlohmann::json Describe() const override;
  void AddFindings(DataParallel* /*processes*/, nlohmann::json* /*data*/) const override {}
  std::unique_ptr<BatchSource> BeginEpoch(int epoch, std::uint64_t seed, const ProcessPlace& place,
                                          const Model& network) override;
  bool Validate(Model* network, DataParallel* processes, const CancelToken& cancel, EpochRow* row) override;
  void FillCheckpoint(CheckpointInfo* info) const override;
  std::string Text(const EpochRow& row, int epochs) const override;

  // Which rows of the set, or of `val`, tell the best epoch.
  const std::vector<std::size_t>& val_rows() const { return val_rows_; }

 private:
  // Moves so many of the training rows to those that tell the best epoch, all rows of a picture or none.
  void HoldOut(std::size_t count);

  const FeatureSet& set_;
  const FeatureSet& val_;
  ModelOptions network_;
  double l2_;
  std::size_t batch_;
  std::vector<std::size_t> train_rows_, val_rows_;
  RowSchema schema_;
};

}  // namespace seam
