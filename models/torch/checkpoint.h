#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "models/torch/model.h"
#include "models/torch/tensors.h"
#include "models/zoo/stored_network.h"

namespace seam {

struct Checkpoint {
  CheckpointInfo info;
  std::shared_ptr<Model> model;  // in eval mode
};

// How SaveCheckpoint() writes the weights of convolutions, dense layers and LSTMs: as they are, or rounded to
// 16 bits (F16), which halves the file. Biases and norms, tensors of one dimension, always stay float32.
enum class WeightFormat { kFloat32, kHalf };

// An Error, and no file, when LoadCheckpoint() would refuse it: an `info` that makes no sense, weights that
// are not finite, in kHalf also those beyond its range of 65,504.
void SaveCheckpoint(const std::filesystem::path& path, const Model& model, const CheckpointInfo& info,
                    WeightFormat format = WeightFormat::kFloat32);

// Throws as LoadNetwork() does.
Checkpoint LoadCheckpoint(const std::filesystem::path& path);

// Copies `tensors` into the model's parameters and buffers; an Error names what is missing, left over, of
// another shape or type, or not finite, and the model is as it was.
void LoadWeights(const std::map<std::string, torch::Tensor>& tensors, const std::string& subject,
                 Model* model);
// The model's parameters and buffers by name; they share the model's memory.
std::map<std::string, torch::Tensor> ListWeights(const Model& model);

}  // namespace seam
