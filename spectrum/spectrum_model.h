#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "models/zoo/stored_network.h"
#include "spectrum/classifier.h"
#include "spectrum/feature_set.h"

namespace seam {

// A trained classifier with all that it takes to use it: which features of a picture, how they are scaled,
// and the names of its classes.
class SpectrumModel {
 public:
  // Learns. Features "dct" and "magnitude" are scaled to mean 0 and deviation 1 of each number over the
  // training rows, "raw" from 0..255 to -1..1, others not; for solver "prnu" nothing is.
  static SpectrumModel Train(const FeatureSet& set, const ClassifierOptions& options,
                             NetworkTrainer trainer = nullptr, NetworkTraining training = {});
  // A file that Save() wrote; an Error for any other.
  static SpectrumModel Load(const std::filesystem::path& path);
  // As a checkpoint (docs/checkpoints.md): the classifier's arrays as tensors of float64, and what else there
  // is as metadata. `info`: threshold, calibration, metrics, recipe and notice; the rest is the model's own.
  void Save(const std::filesystem::path& path, CheckpointInfo info) const;

  // "spectrum_svm": what the checkpoint calls it.
  std::string Name() const;
  // Whether its classes are real and fake, so that it has a score.
  bool IsDetector() const;
  // Whether it looks at whole pictures, not at faces cut out of them.
  bool IsOfWholePictures() const { return recipe_.value("whole", false); }
  // Of a loaded model, what its checkpoint says.
  const CheckpointInfo& info() const { return info_; }

  const std::vector<std::string>& classes() const { return classes_; }
  // FeatureOptions::FromJson() makes options of it.
  const nlohmann::json& recipe() const { return recipe_; }
  const nlohmann::json& options() const { return options_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  const Classifier& classifier() const { return *classifier_; }

  // An Error when rows of the set are not what this model takes.
  void CheckFits(const FeatureSet& set, const std::string& subject) const;
  std::vector<double> Probabilities(std::span<const double> row) const;
  int Predict(std::span<const double> row) const;

 private:
  std::vector<double> Scaled(std::span<const double> row) const;

  std::unique_ptr<Classifier> classifier_;
  std::vector<std::string> classes_;
  std::vector<std::int64_t> shape_;
  nlohmann::json recipe_, options_;
  CheckpointInfo info_;
  std::vector<double> mean_, deviation_;  // of each number; empty: not scaled
};

}  // namespace seam
