#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "models/model.h"
#include "proto/clip.pb.h"

namespace seam {

// How the scores of whole videos (evaluate/video_score.h) are to be read, fitted on `val` alone after
// training.
struct Calibration {
  // The calibrated probability is sigmoid(logit(score) / temperature): Guo et al., "On Calibration of Modern
  // Neural Networks", ICML 2017, section 4.2.
  double temperature = 1;
  double threshold_eer = 0.5;   // at the equal error rate
  double threshold_fpr1 = 0.5;  // the least with a false positive rate of at most 1 %
  // A score from band_low up to, but not including, band_high is "uncertain".
  double band_low = 0.5, band_high = 0.5;
  int real = 0, fake = 0;  // the videos it was fitted on
  bool operator==(const Calibration&) const = default;
};

// What a checkpoint says of itself besides its weights: docs/checkpoints.md.
struct CheckpointInfo {
  std::string model;       // a name of the registry; SaveCheckpoint() takes the model's own
  CropSpec crop;           // how the faces it was trained on were cut out; inference does the same
  int epoch = 0;           // finished epochs
  double threshold = 0.5;  // a score from here on is called fake
  std::optional<Calibration> calibration;
  std::string notice;  // what users must know: data, licence
  // JSON texts: the metrics on `val` after this epoch, and every option of the run, data digest, versions.
  std::string metrics = "{}";
  std::string recipe = "{}";
};

struct Checkpoint {
  CheckpointInfo info;
  std::shared_ptr<Model> model;  // in eval mode
};

// What a file of the model's carries beside its weights.
std::map<std::string, std::string> CheckpointMetadata(const Model& model, const CheckpointInfo& info);

// How SaveCheckpoint() writes the weights of convolutions, dense layers and LSTMs: as they are, or rounded to
// 16 bits (F16), which halves the file. Biases and norms, tensors of one dimension, always stay float32.
enum class WeightFormat { kFloat32, kHalf };

// An Error, and no file, when LoadCheckpoint() would refuse it: an `info` that makes no sense, weights that
// are not finite, in kHalf also those beyond its range of 65,504.
void SaveCheckpoint(const std::filesystem::path& path, const Model& model, const CheckpointInfo& info,
                    WeightFormat format = WeightFormat::kFloat32);

// An Error when the file is no checkpoint of Seam's, when its model is unknown to this Seam, or when a
// tensor's name, shape or type differs from the model's: each difference is named.
Checkpoint LoadCheckpoint(const std::filesystem::path& path);

// Copies `tensors` into the model's parameters and buffers; an Error names what is missing, left over, of
// another shape or type, or not finite, and the model is as it was.
void LoadWeights(const std::map<std::string, torch::Tensor>& tensors, const std::string& subject,
                 Model* model);
// The model's parameters and buffers by name; they share the model's memory.
std::map<std::string, torch::Tensor> WeightsOf(const Model& model);

}  // namespace seam
