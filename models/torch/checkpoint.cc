#include "models/torch/checkpoint.h"

#include <torch/utils.h>

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "models/weights/safetensors_header.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

bool IsFinite(const torch::Tensor& tensor) { return tensor.to(torch::kFloat).isfinite().all().item<bool>(); }

}  // namespace

std::map<std::string, torch::Tensor> ListWeights(const Model& model) {
  std::map<std::string, torch::Tensor> weights;
  for (const auto& parameter : model.named_parameters()) weights.emplace(parameter.key(), parameter.value());
  for (const auto& buffer : model.named_buffers()) weights.emplace(buffer.key(), buffer.value());
  return weights;
}

void LoadWeights(const std::map<std::string, torch::Tensor>& tensors, const std::string& subject,
                 Model* model) {
  std::map<std::string, OfferedWeight> offered;
  for (const auto& [name, tensor] : tensors)
    offered[name] = {tensor.sizes().vec(), ToDType(tensor.scalar_type()),
                     [&tensor = tensor] { return IsFinite(tensor); }};
  CheckWeights(offered, model->graph(), subject);
  const torch::NoGradGuard no_grad;
  for (auto& [name, weight] : ListWeights(*model)) weight.copy_(tensors.at(name));
}

void SaveCheckpoint(const fs::path& path, const Model& model, const CheckpointInfo& info,
                    WeightFormat format) {
  CheckInfo(info, model.options().model, model.input().size, path.string());
  auto weights = ListWeights(model);
  for (auto& [name, tensor] : weights) {
    if (!IsFinite(tensor)) {
      throw Error(path.string(), fmt::format("not saved: {} holds numbers that are not finite", Shown(name)),
                  "the training diverged; a lower learning rate may help");
    }
    if (format != WeightFormat::kHalf || tensor.dim() < 2) continue;
    tensor = tensor.to(torch::kHalf);
    if (IsFinite(tensor)) continue;
    throw Error(path.string(),
                fmt::format("not saved: {} holds numbers that 16 bits cannot hold", Shown(name)),
                "float32 can: leave out --half");
  }
  SaveTensors(path, {weights, CheckpointMetadata(model.options(), info)});
}

Checkpoint LoadCheckpoint(const fs::path& path) {
  StoredNetwork network = LoadNetwork(path);
  Checkpoint checkpoint;
  checkpoint.info = std::move(network.info);
  checkpoint.model = std::make_shared<Model>(network.options, std::move(network.graph), Model::kUnset);
  const torch::NoGradGuard no_grad;
  for (auto& [name, weight] : ListWeights(*checkpoint.model)) {
    std::vector<float>& numbers = network.weights.at(name);
    weight.copy_(torch::from_blob(numbers.data(), weight.sizes(), torch::kFloat));
  }
  checkpoint.model->eval();
  return checkpoint;
}

}  // namespace seam
