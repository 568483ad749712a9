#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "models/zoo/model_options.h"
#include "train/classifier/classifier_batch.h"
#include "train/classifier/training_data.h"
#include "train/data/epoch_plan.h"
#include "train/task.h"

namespace seam {

struct ClassifierOptions {
  DataOptions data;
  ModelOptions model;
  LoaderOptions loader;
  ClassifierLossOptions loss;
  std::string preview;  // a PNG to write instead of training

  void Register(Options* options);
  void Check();  // UsageError
  // Names of options that a resumed run may change.
  static std::vector<std::string> FreeOptions();
};

// Writes the contact sheet options.preview of what the first epoch shows (WritePreview()), and trains
// nothing.
void PreviewTraining(const ClassifierOptions& options, std::uint64_t seed);

// Real against fake, on the splits `train` and `val` of dataset folders.
class ClassifierTask : public Task {
 public:
  explicit ClassifierTask(ClassifierOptions options);
  ~ClassifierTask() override;

  const RowSchema& schema() const override;
  std::vector<std::string> local_options() const override;
  InitialModel MakeNetwork(const std::string& init, std::uint64_t seed) const override;
  void Open(const Model& network) override;
  nlohmann::json Describe() const override;
  void AddFindings(DataParallel* processes, nlohmann::json* data) const override;
  std::unique_ptr<BatchSource> BeginEpoch(int epoch, std::uint64_t seed, const ProcessPlace& place,
                                          const Model& network) override;
  bool Validate(Model* network, DataParallel* processes, const CancelToken& cancel, EpochRow* row) override;
  void FillCheckpoint(CheckpointInfo* info) const override;
  std::string Text(const EpochRow& row, int epochs) const override;
  std::string Caveats() const override;
  void AddCurves(std::int64_t step, EventFile* file) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
